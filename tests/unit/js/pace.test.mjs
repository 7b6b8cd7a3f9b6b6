import assert from "node:assert/strict"
import { test } from "node:test"
import { retryAfterMs, waitMs } from "../../../static/js/lib/backoff.js"
import { nextMs } from "../../../static/js/lib/pace.js"

const answer = (more) => ({ more: false, active: 1, poll: { next_ms: 1000 }, ...more })

test("the server's word sets the pace", () => {
  assert.equal(nextMs({ answer: answer(), hidden: false, shared: true }), 1000)
})

test("a hidden tab asks once a minute, or not at all with nothing active", () => {
  assert.equal(nextMs({ answer: answer(), hidden: true, shared: true }), 60_000)
  assert.equal(nextMs({ answer: answer({ active: 0 }), hidden: true, shared: true }), null)
})

test("more to come is fetched at once", () => {
  assert.equal(nextMs({ answer: answer({ more: true }), hidden: true, shared: true }), 0)
})

test("tabs without a leader do not beat in step", () => {
  assert.equal(nextMs({ answer: answer(), hidden: false, shared: false, random: () => 0 }), 800)
  assert.equal(nextMs({ answer: answer(), hidden: false, shared: false, random: () => 1 }), 1200)
})

test("failures are waited out under 1, 2, 4 … 60 seconds, with full jitter", () => {
  const ceilings = [1, 2, 3, 4, 5, 6, 7, 20].map((failures) => waitMs(failures, () => 1))
  assert.deepEqual(ceilings, [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000])
  assert.equal(waitMs(4, () => 0.5), 4000)
  assert.equal(waitMs(4, () => 0), 100)
})

test("Retry-After is read as seconds or as a date", () => {
  assert.equal(retryAfterMs("7"), 7000)
  assert.equal(retryAfterMs("Sun, 22 Nov 2026 07:00:10 GMT", Date.parse("2026-11-22T07:00:00Z")), 10_000)
  assert.equal(retryAfterMs(null), null)
  assert.equal(retryAfterMs("soon"), null)
})
