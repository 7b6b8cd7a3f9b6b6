// static/js/elements/live-part.js - a part of a page that the server renders anew when a run it tells of has changed;
// and with it the words elsewhere that have its id in `data-renewed-with`, and one of their own.
const PAUSE_MS = 2_000

class LivePart extends HTMLElement {
  #off = new AbortController()
  #timer = null
  #lastAt = 0
  #asked = 0
  #shown = 0

  connectedCallback() {
    document.addEventListener("microblog:run", ({ detail }) => this.#heard(detail), { signal: this.#off.signal })
  }

  disconnectedCallback() {
    this.#off.abort()
    clearTimeout(this.#timer)
  }

  #heard({ before, data, isOld }) {
    if (this.dataset.of && this.dataset.of !== data.run_id) return
    if (isOld ? this.#shows(data) : before && mark(before) === mark(data)) return
    this.#timer ??= setTimeout(() => this.#renew(), Math.max(0, this.#lastAt + PAUSE_MS - Date.now()))
  }

  // What came with the page is fetched again only if it was out of date even then.
  #shows({ run_id, state }) {
    const shown = this.dataset.of ? this : this.querySelector(`[data-row="${CSS.escape(run_id)}"]`)
    return !shown || shown.dataset.state === state
  }

  async #renew() {
    this.#timer = null
    this.#lastAt = Date.now()
    const asked = ++this.#asked
    try {
      const response = await fetch(location.href, { credentials: "same-origin" })
      const parsed = new DOMParser().parseFromString(await response.text(), "text/html")
      const fresh = parsed.getElementById(this.id)
      if (asked < this.#shown) return                          // outrun: what was asked for later stands here already
      this.#shown = asked
      // Someone is reading or typing in here with the keyboard: leave it alone until the next change.
      if (fresh && !this.contains(document.activeElement)) this.replaceChildren(...fresh.childNodes)
      for (const words of document.querySelectorAll(`[data-renewed-with="${this.id}"]`)) {
        words.textContent = parsed.getElementById(words.id)?.textContent ?? words.textContent
      }
    } catch {
      // Offline: the next change tries again.
    }
  }
}

function mark({ state, attempt, phase, message, counts, can }) {
  return JSON.stringify([state, attempt, phase?.index, message, counts?.failed, can])
}

customElements.define("live-part", LivePart)
