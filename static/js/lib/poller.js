// static/js/lib/poller.js - asks the server for news: one request in flight, 10 s at most, gentle when it fails.
import { retryAfterMs, waitMs } from "./backoff.js"
import { nextMs } from "./pace.js"

const ABORT_MS = 10_000

export class Poller {
  #timer = null
  #asking = false
  #askAgain = false
  #failures = 0
  #notBefore = 0
  #running = false

  // `told` hears answer(answer, since), trouble(kind) and signedOut(); `world` is replaced by tests.
  constructor({ url, feed, told, isHidden, isShared, world = browser() }) {
    Object.assign(this, { url, feed, told, isHidden, isShared, world })
  }

  start() {
    this.#running = true
    this.wake()
  }

  stop() {
    this.#running = false
    this.world.clearTimeout(this.#timer)
  }

  // Ask now, but for what the server forbade by Retry-After; a wake while asking means asking once more.
  wake() {
    if (!this.#running) return
    if (this.#asking) this.#askAgain = true
    else this.#askIn(0)
  }

  #askIn(ms) {
    this.world.clearTimeout(this.#timer)
    if (!this.#running || ms === null) return
    const atLeast = Math.max(ms, this.#notBefore - this.world.now())
    this.#timer = this.world.setTimeout(() => this.#ask(), atLeast)
  }

  async #ask() {
    if (this.#asking) return
    this.#asking = true
    const wait = await this.#once()
    this.#asking = false
    const again = this.#askAgain
    this.#askAgain = false
    this.#askIn(again ? 0 : wait)
  }

  async #once() {
    const since = this.feed.cursor
    try {
      const response = await this.world.fetch(`${this.url}?since=${since}`, {
        headers: { Accept: "application/json" },
        credentials: "same-origin",
        signal: this.world.timeout(ABORT_MS),
      })
      return response.ok ? this.#heard(await response.json(), since) : this.#refused(response)
    } catch {
      return this.#failed("offline")
    }
  }

  #heard(answer, since) {
    this.#failures = 0
    if (!this.#running) return null
    this.told.answer(answer, since)
    return nextMs({ answer, hidden: this.isHidden(), shared: this.isShared(), random: this.world.random })
  }

  #refused(response) {
    if (response.status === 401) {
      this.stop()
      this.told.signedOut()
      return null
    }
    if (response.status === 400) this.feed.startOver()
    const wait = this.#failed("unwell")
    const asked = retryAfterMs(response.headers.get("Retry-After"), this.world.now())
    if (asked === null) return wait
    this.#notBefore = this.world.now() + asked
    return asked
  }

  #failed(kind) {
    this.#failures += 1
    if (this.#running) this.told.trouble(kind, this.#failures)
    return waitMs(this.#failures, this.world.random)
  }
}

function browser() {
  return {
    fetch: (...args) => fetch(...args),
    setTimeout: (...args) => setTimeout(...args),
    clearTimeout: (id) => clearTimeout(id),
    timeout: (ms) => AbortSignal.timeout(ms),
    now: () => Date.now(),
    random: Math.random,
  }
}
