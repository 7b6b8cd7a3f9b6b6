// static/js/elements/live-talk.js - a conversation that grows while it stands open: what is new is added below.
class LiveTalk extends HTMLElement {
  #off = new AbortController()
  #isOutdated = false

  connectedCallback() {
    const { signal } = this.#off
    document.addEventListener("microblog:notification", ({ detail }) => this.#heard(detail), { signal })
    document.addEventListener("visibilitychange", () => this.#renew(), { signal })
  }

  disconnectedCallback() {
    this.#off.abort()
  }

  #heard({ name, data }) {
    if (name !== "unread_message_count" || !data) return
    this.#isOutdated = true
    this.#renew()
  }

  // Fetching it marks it as read, so somebody must be looking.
  async #renew() {
    if (!this.#isOutdated || document.hidden) return
    this.#isOutdated = false
    try {
      const response = await fetch(location.href, { credentials: "same-origin" })
      const parsed = new DOMParser().parseFromString(await response.text(), "text/html")
      const fresh = parsed.querySelector("live-talk")
      if (fresh) this.#grow(fresh)
    } catch {
      this.#isOutdated = true                                  // offline: the next news tries again
    }
  }

  #grow(fresh) {
    const list = this.querySelector("ol")
    if (!list) return this.replaceChildren(...fresh.childNodes)
    for (const message of [...fresh.querySelectorAll("li")]) {
      const known = document.getElementById(message.id)
      if (known) known.querySelector("[data-foot]").replaceWith(message.querySelector("[data-foot]"))
      else list.append(message)
    }
  }
}

customElements.define("live-talk", LiveTalk)
