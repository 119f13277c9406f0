import { and, eq, type Filter, or } from './filter.ts'
import type { Scope } from './store.ts'

/** What a scope holds, as a filter: the one place where it is said. Undefined: everything. */
export const scopeFilter = (scope: Scope): Filter | undefined => {
  if ('system' in scope) return undefined
  const agencies = eq('organization.id', ...scope.organizations)
  return scope.systems?.length ? or(agencies, eq('system.id', ...scope.systems)) : agencies
}

/** What was asked for, of what the scope holds. */
export const scoped = (scope: Scope, filter: Filter): Filter => {
  const own = scopeFilter(scope)
  return own ? and(own, filter) : filter
}

/** The same of one thing, that names its agency and its system, if any. */
export const sees = (scope: Scope, organization: unknown, system?: unknown): boolean =>
  'system' in scope ||
  (organization !== undefined && scope.organizations.includes(String(organization))) ||
  (system !== undefined && (scope.systems ?? []).includes(String(system)))
