// static/js/lib/announcer.js - what a screen reader is told of a run: start, step, 25/50/75 %, end; once in 15 s at most.
const QUIET_MS = 15_000
const MARKS = [75, 50, 25]
const ENDED = new Set(["succeeded", "partial", "failed", "cancelled"])

export class Announcer {
  #known = new Map()
  #waiting = new Map()
  #spokeAt = -Infinity
  #timer = null

  constructor({ say, world = globalThis, now = Date.now }) {
    Object.assign(this, { say, world, now })
  }

  // Remember a run without a word: it stood there when the page came.
  know(data) {
    this.#known.set(data.run_id, standing(data))
  }

  hear(data) {
    const before = this.#known.get(data.run_id)
    const after = standing(data)
    this.#known.set(data.run_id, after)
    if (after.seen || !isWorthSaying(before, after)) return
    this.#waiting.set(data.run_id, `${data.title}: ${data.text}`)
    this.#speakWhenQuiet()
  }

  #speakWhenQuiet() {
    const wait = this.#spokeAt + QUIET_MS - this.now()
    if (wait <= 0) this.#speak()
    else this.#timer ??= this.world.setTimeout(() => this.#speak(), wait)
  }

  #speak() {
    this.world.clearTimeout(this.#timer)
    this.#timer = null
    if (this.#waiting.size === 0) return
    this.#spokeAt = this.now()
    this.say([...this.#waiting.values()].join(". "))
    this.#waiting.clear()
  }
}

function standing({ state, seen, phase, percent }) {
  return {
    state,
    seen,
    ended: ENDED.has(state),
    step: phase?.index ?? 1,
    mark: MARKS.find((mark) => percent !== null && percent >= mark) ?? 0,
  }
}

function isWorthSaying(before, after) {
  if (!before) return true
  if (after.ended) return !before.ended
  if (before.ended) return true
  const hasBegun = before.state === "queued" && after.state === "running"
  const tripped = before.state !== "retrying" && after.state === "retrying"
  return hasBegun || tripped || after.step > before.step || after.mark > before.mark
}
