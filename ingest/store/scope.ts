import { and, eq, type Filter } from './filter.ts'
import type { Scope } from './store.ts'

/** The scope of a read as a filter over 'organization.id', beside what was asked for. */
export const scoped = (scope: Scope, filter: Filter): Filter =>
  'system' in scope ? filter : and(eq('organization.id', ...scope.organizations), filter)
