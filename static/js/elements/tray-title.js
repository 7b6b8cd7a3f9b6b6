// static/js/elements/tray-title.js - what a hidden tab says before its title: how far the newest run is, or how it ended.
import { isActive, titlePrefix } from "../lib/bar.js"

export class Title {
  #own = document.title
  #ended = null

  // Nobody has seen the end: it is told until somebody looks.
  ended(run) {
    if (document.hidden) this.#ended = run
  }

  draw(runs) {
    if (!document.hidden) this.#ended = null
    const newest = [...runs].filter(isActive).sort((a, b) => (a.run_id < b.run_id ? 1 : -1))[0]
    document.title = (document.hidden ? titlePrefix(this.#ended ?? newest) : "") + this.#own
  }
}
