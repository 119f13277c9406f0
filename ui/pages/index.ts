/** Which page stands at an address. Each is a part of the script of its own: it comes when somebody opens it, once. */
import type { Component } from 'svelte'

// biome-ignore lint/suspicious/noExplicitAny: each page has properties of its own; what the address says is all that it is given
type Page = Component<any>
type Load = () => Promise<{ readonly default: Page }>

/** By the first part of the path: the page of the noun, and of one of them. */
const PAGES: { readonly [section: string]: { readonly all?: Load; readonly one?: Load } } = {
  __proto__: null as never,
  managers: { all: () => import('./Managers.svelte') },
  wall: { all: () => import('./Wall.svelte') },
  overview: { all: () => import('./Overview.svelte') },
  alerts: { all: () => import('./Alerts.svelte') },
  incidents: { all: () => import('./Incidents.svelte'), one: () => import('./Incident.svelte') },
  agencies: { all: () => import('./Agencies.svelte'), one: () => import('./Agency.svelte') },
  coverage: { all: () => import('./Coverage.svelte') },
  systems: { all: () => import('./Systems.svelte'), one: () => import('./System.svelte') },
  inventory: { all: () => import('./Inventory.svelte') },
  portals: { all: () => import('./Portals.svelte') },
  events: { all: () => import('./Events.svelte') },
  rules: { all: () => import('./Rules.svelte'), one: () => import('./Rule.svelte') },
  sources: { all: () => import('./Sources.svelte') },
  reports: { all: () => import('./Reports.svelte') },
  admin: { all: () => import('./Admin.svelte') },
  password: { all: () => import('./Password.svelte') },
}

const loading = new Map<Load, Promise<Page>>()
const once = (load: Load): Promise<Page> => {
  let page = loading.get(load)
  if (!page) {
    page = load().then(({ default: component }) => component)
    loading.set(load, page)
    // What did not come is asked for again the next time.
    page.catch(() => loading.delete(load))
  }
  return page
}

/** The page at an address; undefined where there is none. `id`: the second part of the path, '' where there is none. */
export const pageAt = (section: string, id: string): Promise<Page> | undefined => {
  const pages = PAGES[section]
  const load = id === '' ? pages?.all : (pages?.one ?? pages?.all)
  return load && once(load)
}
