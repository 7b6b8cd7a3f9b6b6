// static/js/lib/count.js - characters as a person counts them, by the same rule as app/services/texts.py.
const UNSEEN = /^[\p{Mn}\p{Me}\p{Cf}]+$/u

export function count(text) {
  const segments = new Intl.Segmenter("en", { granularity: "grapheme" }).segment(text.normalize("NFC").trim())
  let length = 0
  for (const { segment } of segments) if (!UNSEEN.test(segment)) length += 1
  return length
}

export function words(left) {
  const many = Math.abs(left).toLocaleString("en")
  if (left < 0) return left === -1 ? "1 character too many" : `${many} characters too many`
  return left === 1 ? "1 character left" : `${many} characters left`
}
