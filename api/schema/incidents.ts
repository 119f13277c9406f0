/** Incidents: the list, one of them, and what people do to them. */
import { z } from 'zod'
import { operation } from './operation.ts'
import { choice, cursor, flag, instant, limit, range, search, values } from './query.ts'
import { activity, alertRow, incidentRow } from './rows.ts'
import { event, facet, givenReason, incidentStatus, level, time } from './words.ts'

const task = z
  .strictObject({ id: z.string(), text: z.string(), done: z.boolean().optional(), due: time.optional() })
  .meta({ id: 'Task' })
export const incidentDetail = incidentRow
  .extend({
    timeline: z.array(
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('alert'), at: time, alert: alertRow }),
        z.strictObject({ kind: z.literal('activity'), at: time, activity }),
        z.strictObject({ kind: z.literal('event'), at: time, event }),
      ]),
    ),
    alert_rows: z.array(alertRow),
    tasks: z.array(task),
    entities: z.array(z.strictObject({ field: z.string(), value: z.string(), count: z.number() })),
    related: z.array(incidentRow),
  })
  .meta({ id: 'IncidentDetail' })
export const incidentList = z
  .strictObject({
    items: z.array(incidentRow),
    total: z.number(),
    facets: z.array(facet),
    cursor: z.string().optional(),
    seq: z.number().describe('Hand to /live to learn of later changes'),
  })
  .meta({ id: 'IncidentList' })
/** With the acts that a change was, to undo it by. */
export const changedIncident = incidentRow.extend({ acts: z.array(z.string()) }).meta({ id: 'ChangedIncident' })

/** Of each facet: the field of an incident. */
export const INCIDENT_FACETS = {
  status: 'incident.status',
  level: 'incident.level',
  organization: 'organization.id',
  system: 'system.id',
  assignee: 'incident.assignee',
} as const
export const incidentQuery = z.strictObject({
  q: search,
  ...range,
  opened: flag('The range is that of their opening; without it, of their going on'),
  closed: flag('The range is that of their closing'),
  open_at: instant('Only those that were open at this time, in epoch milliseconds; what is overdue is so then'),
  overdue: flag('Only those whose time is over'),
  service: values('met, missed or running: as the figures judge those that were opened in the range'),
  status: values('Statuses'),
  level: values('Levels'),
  organization: values('Agencies, with their predecessors'),
  system: values('Information systems'),
  portal: values('Portals of their alerts'),
  assignee: values('User names'),
  sort: choice(['newest', 'oldest', 'severity', 'due', 'number'], 'newest', 'The order'),
  cursor,
  limit: limit(500),
})
export const listIncidents = operation({
  id: 'listIncidents',
  tag: 'incidents',
  summary: 'Incidents, of any time where no range is given, with facets',
  act: 'read',
  query: incidentQuery,
  answer: incidentList,
})
export const getIncident = operation({
  id: 'getIncident',
  tag: 'incidents',
  summary: 'One incident, by id or number, with its timeline',
  act: 'read',
  answer: incidentDetail,
  refuses: [404],
})
export const changeIncident = operation({
  id: 'changeIncident',
  tag: 'incidents',
  summary: 'Changes an incident',
  act: 'triage',
  body: z.strictObject({
    version: z.number(),
    status: incidentStatus.optional(),
    reason: givenReason.optional(),
    alone: z.boolean().optional().describe('Of closing: the incident alone, its alerts stay open'),
    assignee: z.string().nullable().optional(),
    level: level.optional(),
    title: z.string().min(1).max(300).optional(),
    note: z.string().max(10_000).optional(),
    due: z.number().optional(),
    held: z.boolean().optional().describe('Its events stay, whatever their age'),
    task: z
      .strictObject({
        id: z.string().optional(),
        text: z.string().min(1).max(500),
        done: z.boolean().optional(),
        due: z.number().optional(),
      })
      .optional(),
  }),
  answer: changedIncident,
  refuses: [404, 409, 422],
})
export const undoIncident = operation({
  id: 'undoIncident',
  tag: 'incidents',
  summary: 'Takes an act back',
  act: 'triage',
  body: z.strictObject({ act: z.string() }),
  answer: changedIncident,
  refuses: [404, 409, 422],
})
export const mergeIncident = operation({
  id: 'mergeIncident',
  tag: 'incidents',
  summary: 'Merges it into another of the same agency and system',
  act: 'triage',
  body: z.strictObject({ version: z.number(), into: z.string() }),
  answer: changedIncident,
  refuses: [404, 409, 422],
})
export const splitIncident = operation({
  id: 'splitIncident',
  tag: 'incidents',
  summary: 'Opens another incident of some of its alerts',
  act: 'triage',
  body: z.strictObject({
    ids: z.array(z.string()).min(1).max(500),
    title: z.string().min(1).max(300).optional(),
  }),
  answer: incidentRow,
  refuses: [404, 409, 422],
})
