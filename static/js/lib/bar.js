// static/js/lib/bar.js - what a bar may show next: never less than it shows, unless its run begins again (null).
export function nextValue(shown, percent) {
  return percent === null ? null : Math.max(shown ?? 0, percent)
}

export function isActive({ state }) {
  return ["queued", "running", "retrying", "cancelling"].includes(state)
}

// What stands before a hidden tab's title: "(42%) ", the outcome's word when it ended, nothing when all is quiet.
const ENDING = { succeeded: "(done) ", partial: "(some failed) ", failed: "(failed) ", cancelled: "(cancelled) " }

export function titlePrefix(run) {
  if (!run || run.seen) return ""
  return ENDING[run.state] ?? (run.percent === null ? "(…) " : `(${run.percent}%) `)
}

// The tutorial's plain notification as a sentence; null when it is none, or an old one that has ended.
export function plainText({ data, timestamp }, now) {
  const percent = data.progress ?? (data.total > 0 ? Math.floor((100 * data.step) / data.total) : null)
  if (percent === null || percent === undefined || Number.isNaN(percent)) return null
  const isOver = percent >= 100 && Date.parse(now) - Date.parse(timestamp) > 60_000
  return isOver ? null : `Progress: ${percent}%`
}
