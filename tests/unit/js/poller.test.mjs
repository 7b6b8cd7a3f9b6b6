import assert from "node:assert/strict"
import { test } from "node:test"
import { Feed } from "../../../static/js/lib/feed.js"
import { Poller } from "../../../static/js/lib/poller.js"

// A world whose time stands still until it is told to go on, and whose server answers what the test says.
class World {
  time = 0
  timers = []
  asked = []
  answers = []
  random = () => 1

  now = () => this.time
  timeout = (ms) => { this.abortAfter = ms }
  setTimeout = (act, ms) => { this.timers.push({ act, at: this.time + ms }); return this.timers.at(-1) }
  clearTimeout = (timer) => { this.timers = this.timers.filter((each) => each !== timer) }
  fetch = async (url) => {
    this.asked.push({ url, at: this.time })
    const next = this.answers.shift() ?? fine()
    if (next instanceof Error) throw next
    return next
  }

  async pass(ms) {
    const until = this.time + ms
    for (;;) {
      await settle()
      const due = this.timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
      if (!due) break
      this.clearTimeout(due)
      this.time = Math.max(this.time, due.at)
      due.act()
    }
    this.time = until
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))
const fine = (more = {}) => ({
  ok: true,
  json: async () => ({ cursor: 0, more: false, active: 1, notifications: [], poll: { next_ms: 1000 }, ...more }),
})
const refusal = (status, headers = {}) => ({ ok: false, status, headers: new Headers(headers) })

function polling({ hidden = false } = {}) {
  const world = new World()
  const heard = []
  const feed = new Feed()
  const told = {
    answer: (answer, since) => {
      feed.take(answer, since)
      heard.push(answer)
    },
    trouble: (kind, failures) => heard.push([kind, failures]),
    signedOut: () => heard.push("signed out"),
  }
  const state = { hidden }
  const poller = new Poller({ url: "/n", feed, told, isHidden: () => state.hidden, isShared: () => true, world })
  return { world, heard, poller, state }
}

test("it asks at once, then at the server's pace, and gives up after ten seconds", async () => {
  const { world, poller } = polling()
  poller.start()
  await world.pass(3500)
  assert.deepEqual(world.asked.map(({ at }) => at), [0, 1000, 2000, 3000])
  assert.equal(world.asked[0].url, "/n?since=0")
  assert.equal(world.abortAfter, 10_000)
})

test("one request is in flight, whoever wakes it; a wake meanwhile asks once more", async () => {
  const { world, poller } = polling()
  let answerNow
  world.answers = [new Promise((resolve) => { answerNow = () => resolve(fine()) })]
  poller.start()
  await world.pass(10)
  poller.wake()
  poller.wake()
  await world.pass(500)
  assert.equal(world.asked.length, 1)

  answerNow()
  await world.pass(10)
  assert.equal(world.asked.length, 2)
})

test("failures are told and waited out ever longer; an answer ends that", async () => {
  const { world, heard, poller } = polling()
  world.answers = [new TypeError("no net"), new TypeError("no net"), refusal(503), fine()]
  poller.start()
  await world.pass(7000)
  assert.deepEqual(world.asked.slice(0, 4).map(({ at }) => at), [0, 1000, 3000, 7000])
  assert.deepEqual(heard.slice(0, 3), [["offline", 1], ["offline", 2], ["unwell", 3]])
  await world.pass(1000)
  assert.equal(world.asked.at(-1).at, 8000)
})

test("401 ends the polling, for good", async () => {
  const { world, heard, poller } = polling()
  world.answers = [refusal(401)]
  poller.start()
  await world.pass(10)
  poller.wake()
  await world.pass(100_000)
  assert.deepEqual(heard, ["signed out"])
  assert.equal(world.asked.length, 1)
})

test("429 is waited out as told, also when something wakes it", async () => {
  const { world, poller } = polling()
  world.answers = [refusal(429, { "Retry-After": "30" })]
  poller.start()
  await world.pass(5000)
  poller.wake()
  await world.pass(24_999)
  assert.equal(world.asked.length, 1)
  await world.pass(1)
  assert.equal(world.asked.length, 2)
})

test("400 makes it start over from nothing", async () => {
  const { world, poller } = polling()
  world.answers = [fine({ cursor: 7 }), refusal(400)]
  poller.start()
  await world.pass(3000)
  assert.deepEqual(world.asked.slice(0, 3).map(({ url }) => url), ["/n?since=0", "/n?since=7", "/n?since=0"])
})

test("hidden with nothing active it sleeps until it is woken", async () => {
  const { world, poller } = polling({ hidden: true })
  world.answers = [fine({ active: 0 })]
  poller.start()
  await world.pass(3_600_000)
  assert.equal(world.asked.length, 1)
  poller.wake()
  await world.pass(10)
  assert.equal(world.asked.length, 2)
})

test("stopped, it says nothing of an answer that comes too late", async () => {
  const { world, heard, poller } = polling()
  let answerNow
  world.answers = [new Promise((resolve) => { answerNow = () => resolve(fine()) })]
  poller.start()
  await world.pass(10)
  poller.stop()
  answerNow()
  await world.pass(10_000)
  assert.deepEqual(heard, [])
  assert.equal(world.asked.length, 1)
})
