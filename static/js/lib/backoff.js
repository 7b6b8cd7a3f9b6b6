// static/js/lib/backoff.js - how long to wait after a failure: full jitter under 1, 2, 4 … 60 seconds.
const LONGEST_MS = 60_000
const SHORTEST_MS = 100

export function waitMs(failures, random = Math.random) {
  const ceiling = Math.min(LONGEST_MS, 1000 * 2 ** (failures - 1))
  return Math.max(SHORTEST_MS, Math.round(random() * ceiling))
}

// `Retry-After` is seconds or a date (RFC 9110 §10.2.3); null when there is none that makes sense.
export function retryAfterMs(header, now = Date.now()) {
  if (!header) return null
  const seconds = Number(header)
  const ms = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1000
  return Number.isNaN(ms) ? null : Math.max(0, ms)
}
