// static/js/lib/freshness.js - how old what we show is, in words.
const OPENING = { offline: "Offline", unwell: "The server does not answer" }

export function sentence(kind, lastAt, now) {
  return lastAt === null ? `${OPENING[kind]}: no update yet` : `${OPENING[kind]}: last update ${ago(now - lastAt)}`
}

export function ago(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 5) return "just now"
  if (seconds < 60) return `${seconds} s ago`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`
}
