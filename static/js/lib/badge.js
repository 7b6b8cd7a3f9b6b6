// static/js/lib/badge.js - what a badge says of a number: nothing of none, and no more than two digits.
export function badgeText(count) {
  if (!Number.isInteger(count) || count <= 0) return ""
  return count > 99 ? "99+" : String(count)
}
