/** The words of the API that pages list, in the order in which people are shown them. One that the API adds is missed here by the compiler. */
import type { AlertStatus, GivenReason, IncidentStatus, Level, Role } from '../../api/contract.ts'

const listed = <W extends string>(words: { readonly [word in W]: true }) => Object.keys(words) as W[]

export const LEVELS = listed<Level>({ critical: true, high: true, medium: true, low: true, informational: true })
export const ALERT_STATUSES = listed<AlertStatus>({ new: true, acknowledged: true, in_progress: true, closed: true })
export const OPEN_ALERT = ALERT_STATUSES.filter((status) => status !== 'closed')
export const OPEN_INCIDENT: IncidentStatus[] = ['new', 'in_progress']
/** Those that a person gives. */
export const REASONS = listed<GivenReason>({ true_positive: true, benign: true, false_positive: true, duplicate: true })
export const ROLES = listed<Role>({
  administrator: true,
  analyst: true,
  rule_author: true,
  manager: true,
  auditor: true,
  agency_viewer: true,
})
