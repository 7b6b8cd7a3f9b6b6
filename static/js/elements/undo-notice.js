// static/js/elements/undo-notice.js - takes the Undo button away when the server would refuse it.
class UndoNotice extends HTMLElement {
  #timer = null

  connectedCallback() {
    this.#timer = setTimeout(() => this.#end(), Number(this.dataset.seconds) * 1_000)
  }

  disconnectedCallback() {
    clearTimeout(this.#timer)
  }

  #end() {
    const hadFocus = this.contains(document.activeElement)
    this.querySelector("form").remove()
    if (hadFocus) this.querySelector("p").focus()
  }
}

customElements.define("undo-notice", UndoNotice)
