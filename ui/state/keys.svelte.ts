/** The keys of this page. A page registers its own while it is open; `?` lists them. */
export interface Key {
  key: string
  label: string
  run: (event: KeyboardEvent) => void
  /** Shown as one entry with the one before it. */
  hidden?: boolean
}
interface Group {
  title: string
  keys: Key[]
}
export const keys = $state({ groups: [] as Group[], help: false, palette: false })

/** Each caller's group, in the order in which they came: a group that is made anew (another language) keeps its place. */
const registered = new Map<symbol, Group>()
const publish = () => {
  keys.groups = [...registered.values()]
}
export const useKeys = (make: () => Group) => {
  const mine = Symbol()
  $effect(() => {
    registered.set(mine, make())
    publish()
  })
  // An effect of its own, that ends with the component only.
  $effect(() => () => {
    registered.delete(mine)
    publish()
  })
}

const typing = (target: EventTarget | null): boolean => {
  const element = target as HTMLElement | null
  return (
    !!element?.closest?.('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]') ||
    !!element?.closest?.('[role=menu], [role=dialog]:not([data-keys]), [role=listbox]')
  )
}

let prefix = ''
let prefixTimer = 0
export const onKey = (event: KeyboardEvent) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault()
    keys.palette = !keys.palette
    return
  }
  if (
    event.defaultPrevented ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    event.isComposing ||
    typing(event.target)
  )
    return
  // Enter and space belong to what has the focus, where that is something to press.
  if (
    (event.key === 'Enter' || event.key === ' ') &&
    (event.target as HTMLElement).closest?.('button, a[href], summary, input, [role=button]')
  )
    return
  if (document.querySelector('[role=dialog][aria-modal=true], [role=menu]')) return
  const pressed = prefix + event.key
  prefix = ''
  clearTimeout(prefixTimer)
  for (const group of [...keys.groups].reverse())
    for (const entry of group.keys)
      if (entry.key === pressed) {
        event.preventDefault()
        entry.run(event)
        return
      }
  if (keys.groups.some((g) => g.keys.some((k) => k.key.startsWith(`${pressed} `)))) {
    prefix = `${pressed} `
    prefixTimer = window.setTimeout(() => (prefix = ''), 1500)
  }
}
