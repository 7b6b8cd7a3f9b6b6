import assert from "node:assert/strict"
import { test } from "node:test"
import { Announcer } from "../../../static/js/lib/announcer.js"

function listening() {
  const said = []
  const clock = { now: 0, timers: [] }
  const world = {
    setTimeout: (act, ms) => clock.timers.push({ act, at: clock.now + ms }),
    clearTimeout: () => { clock.timers = [] },
  }
  const announcer = new Announcer({ say: (text) => said.push([clock.now, text]), world, now: () => clock.now })
  const pass = (ms) => {
    clock.now += ms
    for (const timer of clock.timers.filter(({ at }) => at <= clock.now)) timer.act()
  }
  return { announcer, said, pass }
}

const run = (more) =>
  ({ run_id: "1", title: "Export", text: "412 of 980", state: "running", seen: false, percent: 5, phase: { index: 1 }, ...more })

test("a new run is spoken of, a run that stood there is not", () => {
  const { announcer, said } = listening()
  announcer.know(run())
  announcer.hear(run({ percent: 6 }))
  announcer.hear(run({ run_id: "2" }))
  assert.deepEqual(said, [[0, "Export: 412 of 980"]])
})

test("quarters, steps and the end are spoken, the numbers between are not", () => {
  const { announcer, said, pass } = listening()
  announcer.know(run())
  for (const percent of [10, 24, 26, 30, 51, 60]) {
    announcer.hear(run({ percent, text: `${percent} %` }))
    pass(15_000)
  }
  announcer.hear(run({ percent: 60, phase: { index: 2 }, text: "step 2" }))
  pass(15_000)
  announcer.hear(run({ state: "failed", percent: 60, text: "Failed" }))
  assert.deepEqual(said.map(([, text]) => text), ["Export: 26 %", "Export: 51 %", "Export: step 2", "Export: Failed"])
})

test("at most once in fifteen seconds, and then the newest", () => {
  const { announcer, said, pass } = listening()
  announcer.hear(run({ state: "queued", percent: null, text: "Waiting" }))
  announcer.hear(run({ text: "Started" }))
  pass(5_000)
  announcer.hear(run({ percent: 80, text: "80 %" }))
  pass(5_000)
  announcer.hear(run({ state: "succeeded", percent: 100, text: "Done" }))
  pass(4_999)
  assert.deepEqual(said, [[0, "Export: Waiting"]])
  pass(1)
  assert.deepEqual(said[1], [15_000, "Export: Done"])
})

test("an acknowledged outcome is not spoken again", () => {
  const { announcer, said } = listening()
  announcer.know(run({ state: "succeeded", percent: 100 }))
  announcer.hear(run({ state: "succeeded", percent: 100, seen: true }))
  assert.deepEqual(said, [])
})
