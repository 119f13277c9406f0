/** Which portals and systems a list shows by its state: numbers that open it are counted so. `now`: or the moment that the list is of. */
import type { PortalRow } from '../../api/contract.ts'
import type { SystemRow } from '../../api/contract-province.ts'

const DAY = 86_400_000
/** Ms that the province's clock is ahead of UTC. */
const ZONE = 7 * 3_600_000

export const PORTAL_STATES: Readonly<Record<string, (portal: PortalRow, now: number) => boolean>> = {
  all: () => true,
  incident: (p) => p.open_incidents > 0,
  tls: (p, now) => !!p.tls_expires && Date.parse(p.tls_expires) - now < 30 * DAY,
  v6: (p) => !p.ipv6 && !p.ended,
  untrusted: (p) => !p.trusted && !p.ended,
  current: (p) => !p.ended,
  held: (p) => p.trusted && p.trust_gap === undefined && !p.ended,
  ending: (p) => p.trust_gap === 'ending',
  lapsed: (p) => p.trust_gap === 'lapsed',
  none: (p) => p.trust_gap === 'none',
  gap: (p) => p.trust_gap !== undefined,
  tls_expired: (p) => p.tls_gap === 'tls_expired',
  tls_ending: (p) => p.tls_gap === 'tls_ending',
  left: (p) => p.left_over === true,
}
export const SYSTEM_STATES: Readonly<Record<string, (system: SystemRow, now: number) => boolean>> = {
  level: (s) => s.level !== undefined,
  monitored: (s) => s.monitored === true,
  assessed: (s, now) =>
    s.assessed !== undefined && s.assessed > new Date(now - 365 * DAY + ZONE).toISOString().slice(0, 10),
  overdue: (s) => s.overdue_findings > 0,
}
