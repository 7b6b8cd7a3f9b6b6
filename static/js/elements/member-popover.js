// static/js/elements/member-popover.js - who somebody is, beside their name, for a mouse that rests there or the keyboard.
// It stands behind the link in the page, so that Tab leads into it, and above everything else on the screen.
const OPENS_AFTER_MS = 350, CLOSES_AFTER_MS = 250, KNOWN_FOR_MS = 60_000, APART_PX = 6
const PATH = /^\/user\/[^/]+$/

class MemberPopover extends HTMLElement {
  #link = null
  #dismissed = null
  #timer = null
  #parts = new Map()

  listen() {
    this.id = "member-popover"
    this.popover = "manual"
    document.addEventListener("pointerover", (event) => event.pointerType === "mouse" && this.#met(event.target))
    document.addEventListener("focusin", ({ target }) => target.matches(":focus-visible") && this.#met(target))
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.#dismiss())
    document.addEventListener("scroll", () => this.#place(), { capture: true, passive: true })
    addEventListener("resize", () => this.#place())
    addEventListener("pagehide", () => this.#close())
  }

  #met(target) {
    const link = this.contains(target) ? this.#link : named(target)
    clearTimeout(this.#timer)
    if (link !== this.#dismissed) this.#dismissed = null
    if (!link) this.#timer = setTimeout(() => this.#close(), CLOSES_AFTER_MS)
    else if (link !== this.#link && link !== this.#dismissed)
      this.#timer = setTimeout(() => this.#open(link), OPENS_AFTER_MS)
  }

  async #open(link) {
    const part = await this.#part(link.pathname)
    const isWanted = link.matches(":hover") || link === document.activeElement
    if (!part || !isWanted || !link.isConnected || link === this.#dismissed) return
    this.#close()
    this.#link = link
    this.replaceChildren(part.cloneNode(true))
    for (const form of this.querySelectorAll("form")) form.append(backHere())
    link.after(this)
    this.showPopover()
    link.setAttribute("aria-expanded", "true")
    link.setAttribute("aria-controls", this.id)
    this.#place()
  }

  #close() {
    clearTimeout(this.#timer)
    if (!this.#link) return
    this.#link.removeAttribute("aria-expanded")
    this.#link.removeAttribute("aria-controls")
    this.#link = null
    this.remove()
  }

  #dismiss() {
    const link = this.#link
    clearTimeout(this.#timer)
    this.#dismissed = link ?? named(document.activeElement)
    if (link && this.contains(document.activeElement)) link.focus()
    this.#close()
  }

  // Below the name where there is room, else above; never beyond an edge.
  #place() {
    if (!this.#link) return
    const name = this.#link.getBoundingClientRect()
    const { width, height } = this.getBoundingClientRect()
    const isRoomBelow = name.bottom + APART_PX + height <= innerHeight || name.top < height + APART_PX
    const right = document.documentElement.clientWidth - width - APART_PX
    this.style.top = `${isRoomBelow ? name.bottom + APART_PX : name.top - APART_PX - height}px`
    this.style.left = `${Math.max(APART_PX, Math.min(name.left, right))}px`
  }

  // What the server says of the member, or null: gone, blocked, signed out or offline.
  async #part(path) {
    const known = this.#parts.get(path)
    if (known && Date.now() - known.at < KNOWN_FOR_MS) return known.part
    const part = await fetched(`${path}/popover`)
    this.#parts.set(path, { part, at: Date.now() })
    return part
  }
}

// The link to a member's page at or around the target; not to the very page that is open.
function named(target) {
  const link = target?.closest?.('#content a[href^="/user/"]:not(.btn)')
  return link && PATH.test(link.pathname) && link.pathname !== location.pathname ? link : null
}

async function fetched(path) {
  try {
    const response = await fetch(path, { credentials: "same-origin" })
    if (!response.ok || response.redirected) return null
    return new DOMParser().parseFromString(await response.text(), "text/html").body.firstElementChild
  } catch {
    return null
  }
}

function backHere() {
  const back = document.createElement("input")
  return Object.assign(back, { type: "hidden", name: "back", value: location.pathname + location.search })
}

customElements.define("member-popover", MemberPopover)
if ("popover" in HTMLElement.prototype) new MemberPopover().listen()
