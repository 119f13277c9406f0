import { untrack } from 'svelte'

/**
 * The server's clock. In the demo's replay it runs through the past and faster, so each tick sets it; between ticks it
 * goes on by itself.
 */
export const clock = $state({ now: Date.now() })
let offset = 0
let shown = 0

export const setClock = (now: number) => {
  offset = now - Date.now()
  // Relative times are on screen by the hundred: one pass a few seconds is enough.
  if (Date.now() - shown < 3000) return
  shown = Date.now()
  clock.now = now
}
setInterval(() => {
  clock.now = Date.now() + offset
}, 10_000)

/** Now, read without following it. */
export const now = (): number => untrack(() => Date.now() + offset)
