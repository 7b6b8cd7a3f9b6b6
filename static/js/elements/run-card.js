// static/js/elements/run-card.js - keeps one run's bar and sentence true to the newest notification.
import { nextValue } from "../lib/bar.js"

const newest = new Map()
const refreshing = new Map()

export function cardsOf(runId, within = document) {
  return within.querySelectorAll(`[data-run="${CSS.escape(runId)}"]`)
}

export function show(card, data, live = null) {
  newest.set(data.run_id, { data, live })
  const bar = card.querySelector("progress")
  const value = nextValue(bar.hasAttribute("value") ? bar.value : null, data.percent)
  if (value === null) bar.removeAttribute("value")          // nothing known yet: an honest moving bar
  else Object.assign(bar, { max: 100, value })
  write(card.querySelector("[data-percent]"), value === null ? "" : `${value}%`)
  write(card.querySelector("[data-text]"), data.text)
  if (isOutdated(card, data, live)) refresh(card)           // another state, another part: ask the server
}

// A card that the server renders anew in place of this one, the focus kept; gone if the run is.
export function refresh(card) {
  const id = card.dataset.run
  if (!refreshing.has(id)) refreshing.set(id, renew(id).finally(() => refreshing.delete(id)))
  return refreshing.get(id)
}

// Whether a run still waits for its member's others is not in the news: it is asked for as long as it does.
export function recheckHeld() {
  for (const card of document.querySelectorAll("[data-run][data-held]")) {
    fetchCard(card.dataset.run).then((fresh) => fresh && !("held" in fresh.dataset) && refresh(card)).catch(() => {})
  }
}

export async function fetchCard(runId) {
  const response = await fetch(`/runs/${runId}/card`, { credentials: "same-origin" })
  if (!response.ok) return null
  const parsed = new DOMParser().parseFromString(await response.text(), "text/html")
  const card = parsed.querySelector("[data-run]")
  return card && document.importNode(card, true)
}

async function renew(id) {
  const known = newest.get(id)?.data
  const fresh = await fetchCard(id).catch(() => null)
  if (!fresh) return                                         // the next notification tries again
  for (const card of cardsOf(id)) replace(card, fresh.cloneNode(true))
  const news = newest.get(id)?.data                          // came while the card was on its way, perhaps the last there is
  if (news !== known && isOutdated(fresh, news)) await renew(id)
}

function replace(card, fresh) {
  const focused = card.contains(document.activeElement) ? document.activeElement : null
  keepHeight(card, fresh)
  card.replaceWith(fresh)
  if (focused) (fresh.querySelector(`[data-focus="${focused.dataset.focus}"]`) ?? fresh).focus({ preventScroll: true })
  const known = newest.get(fresh.dataset.run)
  if (known && known.data.state === fresh.dataset.state) show(fresh, known.data, known.live)
}

// The bar never falls on screen, also when the answer was older than what we know.
function keepHeight(card, fresh) {
  const [before, after] = [card, fresh].map((each) => each.querySelector("progress"))
  if (before.hasAttribute("value") && after.hasAttribute("value")) after.value = Math.max(before.value, after.value)
}

// What stands there already is left alone: someone may be selecting it.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text
}

function isOutdated(card, data, live) {
  if (data.state !== card.dataset.state || data.can.join(" ") !== card.dataset.can) return true
  if (!live) return false
  return live.health !== card.dataset.health || String(live.queue?.ahead ?? "") !== card.dataset.ahead
}
