/**
 * The types of what crosses between the API and the console. The shapes themselves are in `schema/`, one file a noun, with
 * what each field means; `/api/openapi.json` and its page say all of them. Times are epoch ms, names of ECS fields are spelled
 * as everywhere, errors are `Failure` with an HTTP status.
 */
import type { z } from 'zod'
import type { agencyDetail, agencyList, agencyRow, contactRow } from './schema/agencies.ts'
import type { alertDetail, alertList, alertQuery, changeAlerts, changeResult } from './schema/alerts.ts'
import type { eventList, eventQuery, suggestion } from './schema/events.ts'
import type { failure } from './schema/failure.ts'
import type { found } from './schema/find.ts'
import type { auditRow, health, retentionState } from './schema/health.ts'
import type {
  changedIncident,
  changeIncident,
  incidentDetail,
  incidentList,
  incidentQuery,
} from './schema/incidents.ts'
import type { liveMessage } from './schema/live.ts'
import type { overview, overviewQuery } from './schema/overview.ts'
import type { me, newUser, userChange, userRow } from './schema/people.ts'
import type { portalRow } from './schema/portals.ts'
import type { activity, alertRow, incidentRow } from './schema/rows.ts'
import type { ruleDetail, ruleRow } from './schema/rules.ts'
import type { changeSource, getSourceDifference, settleSource, sourceVersions } from './schema/source-texts.ts'
import type { listSources, sourceRow, sourceSetup, unknownReading, unknownSender } from './schema/sources.ts'
import type {
  act,
  alertStatus,
  closeReason,
  facet,
  givenReason,
  incidentStatus,
  language,
  level,
  localized,
  role,
} from './schema/words.ts'

export type Act = z.output<typeof act>
export type Level = z.output<typeof level>
export type Role = z.output<typeof role>
export type AlertStatus = z.output<typeof alertStatus>
export type IncidentStatus = z.output<typeof incidentStatus>
export type CloseReason = z.output<typeof closeReason>
export type GivenReason = z.output<typeof givenReason>
export type Language = z.output<typeof language>
export type Localized = z.output<typeof localized>
export type Failure = z.output<typeof failure>
export type Activity = z.output<typeof activity>
export type AlertRow = z.output<typeof alertRow>
export type AlertDetail = z.output<typeof alertDetail>
export type AlertList = z.output<typeof alertList>
export type IncidentRow = z.output<typeof incidentRow>
export type IncidentDetail = z.output<typeof incidentDetail>
export type IncidentList = z.output<typeof incidentList>
export type ChangedIncident = z.output<typeof changedIncident>
export type Facet = z.output<typeof facet>
export type AgencyRow = z.output<typeof agencyRow>
export type AgencyDetail = z.output<typeof agencyDetail>
export type AgencyList = z.output<typeof agencyList>
export type ContactRow = z.output<typeof contactRow>
export type PortalRow = z.output<typeof portalRow>
export type SourceRow = z.output<typeof sourceRow>
export type UnknownSender = z.output<typeof unknownSender>
export type UnknownReading = z.output<typeof unknownReading>
export type SourceSetup = z.output<typeof sourceSetup>
export type Overview = z.output<typeof overview>
export type RuleRow = z.output<typeof ruleRow>
export type RuleDetail = z.output<typeof ruleDetail>
export type EventList = z.output<typeof eventList>
export type Suggestion = z.output<typeof suggestion>
export type Me = z.output<typeof me>
export type UserRow = z.output<typeof userRow>
export type AuditRow = z.output<typeof auditRow>
export type RetentionState = z.output<typeof retentionState>
export type Health = z.output<typeof health>
export type Found = z.output<typeof found>
export type LiveMessage = z.output<typeof liveMessage>

/** What a question may bring. */
export type AlertQuery = z.input<typeof alertQuery>
export type IncidentQuery = z.input<typeof incidentQuery>
export type EventQuery = z.input<typeof eventQuery>
export type OverviewQuery = z.input<typeof overviewQuery>
export type AlertChange = Omit<z.input<typeof changeAlerts.body>, 'items'>
export type ChangeResult = z.output<typeof changeResult>
export type IncidentChange = Omit<z.input<typeof changeIncident.body>, 'version'>
export type NewUser = z.input<typeof newUser>
export type UserChange = z.input<typeof userChange>
export type SourceList = z.output<typeof listSources.answer>
export type SourceVersions = z.output<typeof sourceVersions>
export type SourceDifference = z.output<typeof getSourceDifference.answer>
export type SourceChange = z.output<typeof changeSource.body>
export type SourceSettling = z.output<typeof settleSource.body>
export type ChangedSource = z.output<typeof changeSource.answer>
