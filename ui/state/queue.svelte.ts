import { untrack } from 'svelte'
import type { AlertList, AlertRow } from '../../api/contract.ts'
import { type AlertQuery, type ApiError, getAlerts } from './api.ts'
import { followAlerts } from './live.svelte.ts'
import { range } from './range.svelte.ts'
import { param, params } from './route.svelte.ts'
import { failed } from './toasts.svelte.ts'
import { learn } from './triage.svelte.ts'
import { OPEN_ALERT } from './words.ts'

/** What needs somebody: the queue's own filter while the address names none. */
const FILTERS = ['level', 'organization', 'system', 'rule', 'portal', 'source'] as const

const asked = (): AlertQuery => {
  const status = param('status') || OPEN_ALERT.join(',')
  const query: AlertQuery = { ...range.asked, limit: 100 }
  const set = (name: 'q' | 'sort' | 'group' | (typeof FILTERS)[number], value: string) => value && (query[name] = value)
  set('q', param('q'))
  set('sort', param('sort'))
  set('group', param('group'))
  for (const name of FILTERS) set(name, param(name))
  if (status !== 'all') query.status = status
  return query
}

/** Would this alert be on the list? What only the server can tell (KQL) counts as yes. */
const matches = (row: AlertRow): boolean => {
  const within = (name: string, value: string | undefined, fallback: string[] = []) => {
    const chosen = param(name) ? params(name) : fallback
    return !chosen.length || chosen.includes('all') || (value !== undefined && chosen.includes(value))
  }
  const fixed = range.fixed
  return (
    within('status', row.status, OPEN_ALERT) &&
    within('level', row.rule.level) &&
    within('organization', row.organization?.id) &&
    within('system', row.system?.id) &&
    within('rule', row.rule.id) &&
    within('portal', row.portal?.id) &&
    within('source', row.log_source) &&
    (!fixed || (row.last >= fixed.from && row.first < fixed.to))
  )
}

/** The alert queue: rows on screen stay where they are; what is new waits in `fresh`. */
export const queue = () => {
  let items = $state.raw<AlertRow[]>([])
  let list = $state.raw<AlertList | undefined>()
  let error = $state.raw<ApiError | undefined>()
  let loading = $state(true)
  let fresh = $state.raw<Set<string>>(new Set())
  let cursor: string | undefined
  let more = false
  let turn = $state(0)
  let query: AlertQuery = {}

  $effect(() => {
    turn
    query = asked()
    const stop = new AbortController()
    loading = true
    let unfollow = () => {}
    getAlerts(query, stop.signal).then(
      (loaded) => {
        if (stop.signal.aborted) return
        list = loaded
        items = loaded.items
        cursor = loaded.cursor
        fresh = new Set()
        error = undefined
        loading = false
        for (const row of loaded.items) learn(row)
        unfollow = followAlerts(loaded.seq, (rows) => {
          const added = rows.filter((row) => !items.some((i) => i.id === row.id) && matches(row)).map((row) => row.id)
          for (const row of rows) learn(row)
          if (added.length) fresh = new Set([...fresh, ...added])
        })
      },
      (reason: ApiError) => {
        if (stop.signal.aborted) return
        error = reason
        loading = false
      },
    )
    return () => {
      stop.abort()
      unfollow()
    }
  })

  return {
    get items() {
      return items
    },
    get list() {
      return list
    },
    get error() {
      return error
    },
    get loading() {
      return loading
    },
    get fresh() {
      return fresh.size
    },
    reload() {
      untrack(() => turn++)
    },
    async loadMore() {
      if (!cursor || more) return
      more = true
      const from = cursor
      try {
        const next = await getAlerts({ ...query, cursor: from })
        if (cursor !== from) return
        const known = new Set(items.map((i) => i.id))
        items = [...items, ...next.items.filter((i) => !known.has(i.id))]
        cursor = next.cursor
      } catch (reason) {
        failed((reason as ApiError).message)
      } finally {
        more = false
      }
    },
  }
}
