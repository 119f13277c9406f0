import type { Health, Me } from '../../api/contract.ts'
import { i18n } from '../i18n/index.svelte.ts'
import { type AgencyList, type ApiError, getAgencies, getHealth, getMe, getPeople, hooks, signOut } from './api.ts'
import { setClock } from './clock.svelte.ts'

export const session = $state({
  state: 'starting' as 'starting' | 'out' | 'in' | 'failed',
  me: undefined as Me | undefined,
  health: undefined as Health | undefined,
  people: [] as { name: string; display_name: string }[],
  agencies: undefined as AgencyList | undefined,
  error: undefined as ApiError | undefined,
})

hooks.signedOut = () => {
  session.state = 'out'
  session.me = undefined
}
hooks.language = () => i18n.language

export const refreshHealth = async () => {
  const health = await getHealth()
  session.health = health
  setClock(health.now)
}

export const startSession = async () => {
  try {
    session.me = await getMe()
    // The clock before any page: every relative time and range hangs on it.
    await refreshHealth().catch(() => {})
    session.state = 'in'
    session.error = undefined
  } catch (error) {
    const failure = error as ApiError
    session.state = failure.status === 401 ? 'out' : 'failed'
    session.error = failure
    return
  }
  getPeople().then(
    (r) => (session.people = r.items),
    () => {},
  )
  getAgencies().then(
    (r) => (session.agencies = r),
    () => {},
  )
}

export const endSession = async () => {
  await signOut().catch(() => {})
  location.assign('/')
}

export const personName = (name: string): string =>
  name === 'system' ? i18n.t.system : (session.people.find((p) => p.name === name)?.display_name ?? name)
export const agencyName = (id: string): string =>
  session.agencies?.items.find((a) => a.id === id)?.name ??
  session.me?.organizations.find((o) => o.id === id)?.name ??
  id
