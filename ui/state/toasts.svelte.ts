export interface Toast {
  id: number
  text: string
  tone: 'done' | 'failed'
  undo?: (() => Promise<void>) | undefined
}
export const toasts = $state<{ items: Toast[] }>({ items: [] })
let next = 1

export const dismiss = (id: number) => {
  toasts.items = toasts.items.filter((t) => t.id !== id)
}
const add = (toast: Omit<Toast, 'id'>, ms: number) => {
  const id = next++
  toasts.items = [...toasts.items.slice(-2), { ...toast, id }]
  setTimeout(() => dismiss(id), ms)
}
/** A change that is done already; whoever did not mean it takes it back here or with `u`. */
export const done = (text: string, undo?: () => Promise<void>) =>
  add({ text, tone: 'done', undo }, undo ? 12_000 : 5000)
export const failed = (text: string) => add({ text, tone: 'failed' }, 9000)

export const undoLast = async () => {
  const last = toasts.items.findLast((t) => t.undo)
  if (!last) return
  dismiss(last.id)
  await last.undo?.()
}
