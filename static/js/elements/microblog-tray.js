// static/js/elements/microblog-tray.js - the tray on every page: hears the news (itself, or from the leading tab) and
// passes them on to the cards, the title, the screen reader and whoever listens for "microblog:run".
import { Announcer } from "../lib/announcer.js"
import { isActive, plainText } from "../lib/bar.js"
import { Feed } from "../lib/feed.js"
import { Leader } from "../lib/leader.js"
import { recall, remember } from "../lib/memory.js"
import { Poller } from "../lib/poller.js"
import { cardsOf, fetchCard, recheckHeld, show } from "./run-card.js"
import * as forms from "./run-forms.js"
import { Notice } from "./tray-notice.js"
import { Title } from "./tray-title.js"

const SHOWN = 3
const SOON_MS = [300, 1_200]                                 // what was just asked for may be over in no time

class MicroblogTray extends HTMLElement {
  #runs = new Map()
  #live = {}
  #loading = new Set()
  #feed = new Feed()
  #isFirstAnswer = true
  #title = new Title()
  #off = new AbortController()

  connectedCallback() {
    this.list = this.querySelector("[data-cards]")
    this.notice = new Notice(this)
    const name = `microblog:${this.dataset.member}`
    this.channel = "BroadcastChannel" in window ? new BroadcastChannel(name) : null
    const locks = this.channel ? navigator.locks : null
    this.leader = new Leader({ name, locks, onLead: () => this.#lead(), onFollow: () => this.poller.stop() })
    this.poller = new Poller({
      url: this.dataset.poll,
      feed: this.#feed,
      isHidden: () => document.hidden,
      isShared: () => this.leader.isShared,
      told: {
        answer: (answer, since) => this.#pass({ type: "answer", answer, since }),
        trouble: (kind, failures) => failures > 1 && this.#pass({ type: "trouble", kind }),
        signedOut: () => this.#pass({ type: "signedOut" }),
      },
    })
    this.announcer = new Announcer({ say: (text) => this.#say(text) })
    this.#listen()
    this.leader.join({ first: !document.hidden })
  }

  disconnectedCallback() {
    this.#off.abort()
    this.leader.leave()
    this.poller.stop()
    this.channel?.close()
  }

  #listen() {
    const on = (target, type, act) => target.addEventListener(type, act, { signal: this.#off.signal })
    on(document, "visibilitychange", () => this.#turned())
    on(window, "online", () => this.#wake())
    on(window, "offline", () => this.notice.trouble("offline"))
    on(window, "pagehide", () => this.leader.leave())
    on(window, "pageshow", (event) => event.persisted && this.leader.join({ first: true }))
    if (this.channel) on(this.channel, "message", ({ data }) => this.#heard(data))
    on(this.querySelector("details"), "toggle", ({ target }) => remember("tray", target.open ? "open" : "closed"))
    forms.listen((run) => this.#asked(run), this.#off.signal)
    if (recall("tray") === "closed") this.querySelector("details").open = false
  }

  // -- among the tabs ------------------------------------------------------------------------------------------------

  #lead() {
    if (document.hidden) this.channel?.postMessage({ type: "visible?" })
    this.poller.start()
  }

  #turned() {
    this.#title.draw(this.#runs.values())
    const { isLeading } = this.leader
    if (document.hidden && isLeading) this.channel?.postMessage({ type: "visible?" })
    else if (isLeading) this.poller.wake()
    else if (!document.hidden) this.leader.join({ first: true })
  }

  #wake() {
    if (this.leader.isLeading) this.poller.wake()
    else this.channel?.postMessage({ type: "wake" })
  }

  #pass(message) {
    this.channel?.postMessage(message)
    this.#heard(message)
  }

  #heard(message) {
    if (message.type === "answer") this.#answered(message)
    else if (message.type === "trouble") this.notice.trouble(message.kind)
    else if (message.type === "signedOut") this.#signedOut()
    else if (message.type === "wake" && this.leader.isLeading) this.poller.wake()
    else if (message.type === "visible?" && !document.hidden) this.leader.join({ first: true })
  }

  // -- what was heard --------------------------------------------------------------------------------------------------

  #answered({ answer, since }) {
    this.notice.calm()
    this.#live = answer.live
    if (answer.reset) this.#runs.clear()
    // all there is, and not older than what is known: a number that is not in it is none, though another tab asked
    if (since === 0 && !answer.more && answer.cursor >= this.#feed.cursor) {
      const names = new Set(answer.notifications.map(({ name }) => name))
      document.dispatchEvent(new CustomEvent("microblog:everything", { detail: names }))
    }
    for (const notification of this.#feed.take(answer, since)) this.#take(notification, answer.now)
    this.#isFirstAnswer &&= answer.more
    this.#showAll()
    this.#arrange()
    this.#title.draw(this.#runs.values())
    if (!document.hidden) recheckHeld()
  }

  #take(notification, now) {
    const { name, data } = notification
    if (data?.run_id) this.#learn(data, this.#isFirstAnswer)
    else if (name === "task_progress" && data) this.#showPlain(plainText(notification, now))
    document.dispatchEvent(new CustomEvent("microblog:notification", { detail: notification }))
  }

  // The member's own click: shown at once, and followed closely.
  #asked(run) {
    this.#learn(run)
    this.#showAll()
    this.#arrange()
    this.#wake()
    for (const ms of SOON_MS) setTimeout(() => this.#wake(), ms)
  }

  // `isOld`: it was so before this page came.
  #learn(data, isOld = false) {
    const before = this.#runs.get(data.run_id)
    this.#runs.set(data.run_id, data)
    if (before && isActive(before) && !isActive(data)) this.#title.ended(data)
    if (isOld) this.announcer.know(data)
    else this.announcer.hear(data)
    document.dispatchEvent(new CustomEvent("microblog:run", { detail: { before, data, isOld } }))
  }

  #showAll() {
    for (const data of this.#runs.values()) {
      for (const card of cardsOf(data.run_id)) show(card, data, this.#live[data.run_id])
    }
  }

  #showPlain(text) {
    this.querySelector("#task-status").textContent = text ?? ""
  }

  // -- the newest three, and how many more ------------------------------------------------------------------------------

  #arrange() {
    const unseen = [...this.#runs.values()].filter((run) => !run.seen && run.run_id !== this.dataset.pageRun)
    const ids = unseen.map((run) => run.run_id).sort().reverse()
    const shown = ids.slice(0, SHOWN)
    for (const card of this.list.querySelectorAll("[data-run]")) {
      const known = this.#runs.get(card.dataset.run)
      if (known && !shown.includes(known.run_id)) this.#remove(card)
    }
    for (const id of shown) if (cardsOf(id, this.list).length === 0) this.#add(id)
    const more = this.querySelector("[data-more]")
    more.hidden = ids.length <= SHOWN
    more.querySelector("[data-count]").textContent = ids.length - SHOWN
  }

  async #add(id) {
    if (this.#loading.has(id)) return
    this.#loading.add(id)
    const card = await fetchCard(id).catch(() => null)
    this.#loading.delete(id)
    const data = this.#runs.get(id)
    if (!card || data?.seen || cardsOf(id, this.list).length > 0) return
    const older = [...this.list.querySelectorAll("[data-run]")].find((other) => other.dataset.run < id)
    this.list.insertBefore(card, older ?? null)
    if (data) show(card, data, this.#live[id])
    this.#arrange()
  }

  #remove(card) {
    const neighbour = card.nextElementSibling ?? card.previousElementSibling ?? this.querySelector("summary")
    const hadFocus = card.contains(document.activeElement)
    card.remove()
    if (hadFocus) neighbour.focus({ preventScroll: true })
  }

  // -- to the screen reader and the title ---------------------------------------------------------------------------------

  #signedOut() {
    this.#off.abort()                                        // from here on nothing wakes it: a reload signs in
    this.leader.leave()
    this.notice.signedOut()
    this.#say("You were signed out")
  }

  #say(text) {
    this.querySelector("[role=status]").textContent = text
  }
}

customElements.define("microblog-tray", MicroblogTray)
