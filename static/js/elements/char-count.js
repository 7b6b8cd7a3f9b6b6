// static/js/elements/char-count.js - tells beside a field how many characters are left, and aloud when they get few.
import { count, words } from "../lib/count.js"

const FEW = 20

class CharCount extends HTMLElement {
  #field = null
  #hint = ""
  #tell = () => this.#show()

  connectedCallback() {
    this.#field = document.getElementById(this.dataset.for)
    this.#hint = this.textContent
    if (!this.#field || !Intl.Segmenter) return
    this.#field.addEventListener("input", this.#tell)
    this.#show()
  }

  disconnectedCallback() {
    this.#field?.removeEventListener("input", this.#tell)
  }

  #show() {
    const left = Number(this.dataset.max) - count(this.#field.value)
    this.ariaLive = left <= FEW ? "polite" : "off"
    this.toggleAttribute("data-over", left < 0)
    this.textContent = this.#field.value ? words(left) : this.#hint
  }
}

customElements.define("char-count", CharCount)
