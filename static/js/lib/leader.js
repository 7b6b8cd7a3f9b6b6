// static/js/lib/leader.js - among a member's tabs one leads. The tab shown last takes the lead, so that it is never
// asleep; when it closes, the next in line has it. Without Web Locks (plain http) every tab leads itself.
export class Leader {
  isLeading = false
  #turn = 0
  #release = () => {}
  #waiting = null

  constructor({ name, locks, onLead, onFollow }) {
    Object.assign(this, { name, locks, onLead, onFollow })
  }

  get isShared() {
    return Boolean(this.locks)
  }

  // Stand in line; or, with `first`, take the lead from whoever has it.
  join({ first = false } = {}) {
    this.#waiting?.abort()
    const turn = ++this.#turn
    if (this.locks) this.#request(turn, first)
    else this.#lead()
  }

  leave() {
    this.#turn += 1
    this.#waiting?.abort()
    this.#follow()
    this.#release()
  }

  async #request(turn, first) {
    this.#waiting = new AbortController()
    const options = first ? { steal: true } : { signal: this.#waiting.signal }
    try {
      await this.locks.request(this.name, options, () => this.#hold(turn))
    } catch (error) {
      // AbortError: another turn of ours has begun, or another tab took the lead. Else there are no locks to be had.
      if (error.name !== "AbortError") this.locks = null
    }
    if (turn !== this.#turn) return
    this.#follow()
    this.join()
  }

  #hold(turn) {
    if (turn !== this.#turn) return undefined
    return new Promise((release) => {
      this.#release = release
      this.#lead()
    })
  }

  #lead() {
    if (this.isLeading) return
    this.isLeading = true
    this.onLead()
  }

  #follow() {
    if (!this.isLeading) return
    this.isLeading = false
    this.onFollow()
  }
}
