/** The address bar is the state: pages read it here and write it here. */
export const route = $state({ path: location.pathname, search: location.search })

const read = () => {
  route.path = location.pathname
  route.search = location.search
}
addEventListener('popstate', read)

/** These two belong to the frame and go along from page to page. */
const CARRIED = ['range', 'from', 'to', 'organization']

export type Params = Record<string, string | number | undefined>

const query = (params: Params, base?: URLSearchParams): string => {
  const out = new URLSearchParams(base)
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === '') out.delete(name)
    else out.set(name, String(value))
  }
  // Readable links: these are safe in a query and common in ours.
  const text = out.toString().replaceAll('%2C', ',').replaceAll('%3A', ':')
  return text ? `?${text}` : ''
}

export const param = (name: string): string => new URLSearchParams(route.search).get(name) ?? ''
export const params = (name: string): string[] => param(name).split(',').filter(Boolean)

/** A link within the console that keeps the time range and the agency, unless it names its own. */
export const href = (path: string, own: Params = {}): string => {
  const carried = new URLSearchParams()
  const now = new URLSearchParams(route.search)
  const ownRange = 'range' in own || 'from' in own || 'to' in own
  for (const name of CARRIED) {
    const value = now.get(name)
    if (value && !(ownRange && name !== 'organization')) carried.set(name, value)
  }
  return path + query(own, carried)
}

export const go = (to: string, replace = false) => {
  // Only a path of this console: a link that the server or a log made must not lead out of it.
  if (!to.startsWith('/') || to.startsWith('//') || to.includes('\\')) return
  if (to === route.path + route.search) return
  history[replace ? 'replaceState' : 'pushState'](null, '', to)
  read()
}

export const setParams = (change: Params, replace = false) =>
  go(route.path + query(change, new URLSearchParams(route.search)), replace)

/** Turns clicks on in-app links into navigation without a reload. */
export const followLinks = (event: MouseEvent) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  const link = (event.target as Element | null)?.closest?.('a[href]')
  const to = link?.getAttribute('href')
  if (
    !link ||
    !to?.startsWith('/') ||
    to.startsWith('//') ||
    link.hasAttribute('download') ||
    link.hasAttribute('target')
  )
    return
  event.preventDefault()
  go(to)
}
