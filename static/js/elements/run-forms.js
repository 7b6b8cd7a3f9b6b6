// static/js/elements/run-forms.js - start, cancel, retry and dismiss: the same request, without leaving the page.
import { freshKey, send } from "../lib/post.js"

// `told` hears the run that each form's answer holds. Whatever goes wrong, the form is sent as the page would have.
export function listen(told, signal) {
  document.addEventListener("submit", (event) => submitted(event, told), { signal })
}

async function submitted(event, told) {
  const form = event.target
  if (event.defaultPrevented || !form.matches("[data-task], [data-run-action]")) return
  event.preventDefault()
  if (form.getAttribute("aria-busy") === "true") return
  form.setAttribute("aria-busy", "true")
  try {
    told(await answerOf(form, event.submitter))
  } catch {
    HTMLFormElement.prototype.submit.call(form)
  } finally {
    form.removeAttribute("aria-busy")
  }
}

async function answerOf(form, submitter) {
  const response = await send(form, submitter, { key: form.matches("[data-task]") ? freshKey() : null })
  if (!response.ok && response.status !== 409) throw new Error(response.statusText)
  const run = await response.json()
  if (!run.run_id) throw new Error("not a run")
  return run
}
