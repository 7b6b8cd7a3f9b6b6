// static/js/elements/unread-count.js - a badge that follows one of the member's numbers; gone when there is nothing.
import { badgeText } from "../lib/badge.js"

class UnreadCount extends HTMLElement {
  #off = new AbortController()

  connectedCallback() {
    const { signal } = this.#off
    document.addEventListener("microblog:notification", ({ detail }) => this.#heard(detail), { signal })
    document.addEventListener("microblog:everything", ({ detail: names }) => this.#missed(names), { signal })
  }

  disconnectedCallback() {
    this.#off.abort()
  }

  #missed(names) {
    if (!names.has(this.dataset.name)) this.#heard({ name: this.dataset.name, data: 0 })
  }

  #heard({ name, data }) {
    if (name !== this.dataset.name) return
    const text = badgeText(data)
    this.hidden = text === ""
    this.querySelector("[data-count]").textContent = text
  }
}

customElements.define("unread-count", UnreadCount)
