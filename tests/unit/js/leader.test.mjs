import assert from "node:assert/strict"
import { test } from "node:test"
import { Leader } from "../../../static/js/lib/leader.js"

// Web Locks, as far as one exclusive lock goes.
class Locks {
  holder = null
  queue = []

  request(name, { steal, signal }, hold) {
    return new Promise((resolve, reject) => {
      const request = { hold, resolve, reject }
      signal?.addEventListener("abort", () => this.#drop(request))
      if (steal && this.holder) {
        this.holder.reject(Object.assign(new Error("stolen"), { name: "AbortError" }))
        this.holder = null
      }
      if (this.holder) this.queue.push(request)
      else this.#grant(request)
    })
  }

  #drop(request) {
    if (!this.queue.includes(request)) return
    this.queue = this.queue.filter((each) => each !== request)
    request.reject(Object.assign(new Error("aborted"), { name: "AbortError" }))
  }

  async #grant(request) {
    this.holder = request
    await request.hold()
    request.resolve()
    if (this.holder !== request) return
    this.holder = null
    if (this.queue.length) this.#grant(this.queue.shift())
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 5))
const tab = (locks) => {
  const changes = []
  const leader = new Leader({ name: "x", locks, onLead: () => changes.push("lead"), onFollow: () => changes.push("follow") })
  return Object.assign(leader, { changes })
}
const leading = (tabs) => tabs.map(({ isLeading }) => isLeading)

test("the tab shown last leads, and only that one", async () => {
  const locks = new Locks()
  const tabs = [tab(locks), tab(locks), tab(locks)]
  for (const each of tabs) {
    each.join({ first: true })
    await settle()
  }
  assert.deepEqual(leading(tabs), [false, false, true])

  tabs[0].join({ first: true })
  await settle()
  assert.deepEqual(leading(tabs), [true, false, false])
})

test("a tab called to the front before it hears that it was robbed takes the lead back", async () => {
  const locks = new Locks()
  const [seen, hidden] = [tab(locks), tab(locks)]
  seen.join({ first: true })
  await settle()

  hidden.join({ first: true })
  seen.join({ first: true })                             // it still believes that it leads
  await settle()
  assert.deepEqual(leading([seen, hidden]), [true, false])
  assert.deepEqual(seen.changes, ["lead"])
})

test("when the leader leaves, one of the others leads", async () => {
  const locks = new Locks()
  const tabs = [tab(locks), tab(locks), tab(locks)]
  for (const each of tabs) each.join({ first: true })
  await settle()
  tabs.find(({ isLeading }) => isLeading).leave()
  await settle()
  assert.equal(leading(tabs).filter(Boolean).length, 1)
})

test("a tab opened in the background waits in line", async () => {
  const locks = new Locks()
  const tabs = [tab(locks), tab(locks)]
  tabs[0].join({ first: true })
  tabs[1].join()
  await settle()
  assert.deepEqual(leading(tabs), [true, false])
})

test("a tab that left can come back", async () => {
  const locks = new Locks()
  const only = tab(locks)
  only.join({ first: true })
  await settle()
  only.leave()
  await settle()
  only.join({ first: true })
  await settle()
  assert.equal(only.isLeading, true)
})

test("without locks every tab leads itself", () => {
  const only = tab(undefined)
  only.join()
  assert.equal(only.isLeading, true)
  assert.equal(only.isShared, false)
})
