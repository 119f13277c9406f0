/** Reports that are kept, each once, the newest first: what was made here comes again when the list is read anew. */
import { untrack } from 'svelte'
import type { ReportRow } from '../../api/contract-province.ts'
import { ApiError, getReports } from './api.ts'
import { resource } from './resource.svelte.ts'
import { failed } from './toasts.svelte.ts'

export const keptReports = () => {
  const kept = resource((signal) => getReports(signal), 300_000)
  let seen = $state.raw<ReadonlyMap<string, ReportRow>>(new Map())
  /** Where the list goes on. Undefined: it has not begun; null: this is all. */
  let cursor = $state<string | null | undefined>()
  const rows = $derived([...seen.values()].sort((a, b) => b.at - a.at))
  const take = (items: readonly ReportRow[]) =>
    (seen = new Map([...seen, ...items.map((row) => [row.id, row] as const)]))
  $effect(() => {
    const list = kept.data
    if (list)
      untrack(() => {
        take(list.items)
        if (cursor === undefined) cursor = list.cursor ?? null
      })
  })
  return {
    get data() {
      return kept.data
    },
    get error() {
      return kept.error
    },
    get rows() {
      return rows
    },
    get hasMore() {
      return !!cursor
    },
    reload: () => kept.reload(),
    /** One that was made here. */
    take: (row: ReportRow) => take([row]),
    async loadMore() {
      const from = cursor
      if (!from) return
      try {
        const next = await getReports(undefined, from)
        if (cursor !== from) return
        take(next.items)
        cursor = next.cursor ?? null
      } catch (error) {
        failed(error instanceof ApiError ? error.message : String(error))
      }
    },
  }
}
