/** What pages know of a score: its parts, each with its most and the lists that it counted. */
import type { RiskRow } from '../../api/contract-province.ts'
import { EVER } from './range.svelte.ts'
import { href } from './route.svelte.ts'

export type Part = keyof RiskRow['parts']
export type Exposure = keyof RiskRow['counts']['exposed']
export const MOST: Readonly<Record<Part, number>> = { alerts: 40, overdue: 20, exposure: 20, level: 10, trust: 10 }
export const PARTS = Object.keys(MOST) as Part[]

const own = (id: string) => ({ organization: id, range: EVER, from: undefined, to: undefined })
export const openAlerts = (id: string): string => href('/alerts', own(id))
export const overdueOf = (id: string): string => href('/incidents', { ...own(id), overdue: 1 })
export const findingsOf = (id: string): string => href('/systems', { ...own(id), state: 'overdue' })
export const systemsOf = (id: string): string => href('/systems', own(id))
/** `state`: one of those of the list of portals. */
export const portalsOf = (id: string, state?: string): string => href('/portals', { ...own(id), state })
export const agencyPage = (id: string): string =>
  href(`/agencies/${encodeURIComponent(id)}`, { organization: undefined })

/** The list that a part counted most of. */
export const partList = ({ id, counts }: RiskRow, part: Part): string =>
  part === 'alerts'
    ? openAlerts(id)
    : part === 'overdue'
      ? counts.overdue > 0
        ? overdueOf(id)
        : findingsOf(id)
      : part === 'level'
        ? systemsOf(id)
        : portalsOf(id, part === 'trust' ? 'gap' : 'current')

/** With a sign, a true minus. */
export const signed = (n: number, text: (n: number) => string): string =>
  n > 0 ? `+${text(n)}` : n < 0 ? `−${text(-n)}` : '0'
