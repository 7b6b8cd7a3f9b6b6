// static/js/elements/tray-notice.js - what the tray says when nothing is heard: offline, no answer, signed out.
import { sentence } from "../lib/freshness.js"

const TELL_AGE_MS = 5_000

export class Notice {
  #kind = null
  #timer = null
  #heardAt = null

  constructor(tray) {
    this.tray = tray
    this.place = tray.querySelector("[data-notice]")
  }

  trouble(kind) {
    this.#kind = kind
    this.tray.dataset.stale = ""
    const tell = () => this.#show(sentence(this.#kind, this.#heardAt, Date.now()))
    tell()
    this.#timer ??= setInterval(tell, TELL_AGE_MS)
  }

  calm() {
    this.#heardAt = Date.now()
    if (this.#kind) this.#end()
  }

  signedOut() {
    this.#end()
    this.tray.dataset.stale = ""
    this.#show(this.tray.querySelector("template[data-signed-out]").content.cloneNode(true))
  }

  #end() {
    this.#kind = null
    clearInterval(this.#timer)
    this.#timer = null
    delete this.tray.dataset.stale
    this.#show("")
  }

  #show(content) {
    this.place.replaceChildren(content)
    this.place.hidden = content === ""
  }
}
