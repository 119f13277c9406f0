import type { Words } from './vi.ts'

const s = (n: string | number, one: string, many = `${one}s`) => `${n} ${String(n) === '1' ? one : many}`

export const en: Words = {
  system: 'system',
  nav: {
    overview: 'Overview', alerts: 'Alerts', incidents: 'Incidents', agencies: 'Agencies', portals: 'Portals',
    events: 'Events', rules: 'Rules', sources: 'Sources', admin: 'Administration', menu: 'Menu', main: 'Main navigation',
    skip: 'Skip to content', password: 'Change password', signOut: 'Sign out', theme: 'Theme', language: 'Language',
  },
  theme: { auto: 'system', light: 'light', dark: 'dark' },
  units: {
    second: 's', minutes: (n) => `${n} min`, hours: (n) => `${n} h`, days: (n) => s(n, 'day'), now: 'just now',
    shortSecond: 's', perSecond: 'lines/s',
  },
  levels: { critical: 'Critical', high: 'High', medium: 'Medium', low: 'Low', informational: 'Informational' },
  status: { new: 'new', acknowledged: 'acknowledged', in_progress: 'in progress', closed: 'closed' },
  reasons: { true_positive: 'true positive', benign: 'benign', false_positive: 'false positive', duplicate: 'duplicate' },
  reasonHints: {
    true_positive: 'A real attack or violation', benign: 'The rule is right, the deed was allowed',
    false_positive: 'The rule is wrong', duplicate: 'Another alert covers it',
  },
  roles: {
    administrator: 'Administrator', analyst: 'Analyst', rule_author: 'Rule author', manager: 'Manager', agency_viewer: 'Agency viewer',
  },
  fields: {
    'rule.level': 'Severity', 'alert.status': 'Status', 'organization.id': 'Agency', 'rule.id': 'Rule', 'portal.id': 'Portal',
    'vonglau.source.id': 'Source', 'incident.status': 'Status', 'incident.level': 'Severity', assignee: 'Assignee',
  },
  common: {
    more: (n) => `${n} more`, less: 'fewer', all: 'all', none: '–', cancel: 'Cancel', save: 'Save', close: 'Close', copy: 'Copy',
    copied: 'Copied', undo: 'Undo', undone: 'Undone', retry: 'Try again', loading: 'Loading…', loadMore: 'Load more', search: 'Search',
    clear: 'Clear filters', yes: 'yes', no: 'no', show: 'Show', back: 'Back', nobody: 'unassigned', me: 'me', level: 'Severity',
    status: 'Status', agency: 'Agency', portal: 'Portal', portals: 'Portals', assignee: 'Assignee', last: 'Latest', first: 'First',
    opened: 'Opened', due: 'Due', name: 'Name', state: 'State', table: 'Show as a table', chart: 'Show as a chart', time: 'Time', count: 'Count',
    alerts: (n) => s(n, 'alert'), incidents: (n) => s(n, 'incident'), events: (n) => s(n, 'event'), total: (n) => s(n, 'item'),
    selected: (n) => `${n} selected`, dragToZoom: 'Drag to choose a time range',
  },
  errors: {
    offline: 'The server cannot be reached. Check the network and try again; what is on screen is from the last load.',
    forbidden: 'This account may not see that. Ask an administrator if you need it.',
    missing: 'Not found. The link may be old, or it belongs to another agency.',
    conflict: 'Someone else has just changed this. The newest version is loaded.',
    server: (code) => `The server reports an error (${code}). Try again; if it stays, look at Administration › Health.`,
    page: 'There is no such page.', toOverview: 'Go to Overview',
  },
  frame: {
    search: 'Filter by KQL or any text', searchEvents: 'Search events by KQL or any text', live: 'live', lag: (d) => `${d} behind`,
    lost: (d) => `connection lost · data ${d} old`, connecting: 'connecting…', demo: 'Demonstration data',
    demoText: 'the agencies are real, the incidents and addresses are made up.',
    replay: (p, at) => `Replaying 14 days: ${p}, up to ${at}`, problem: 'The system has a problem', allAgencies: 'All agencies',
    findAgency: 'Find an agency', noAgency: 'No such agency.', openAgency: 'Open the agency’s page',
  },
  range: {
    last: (text) => `Last ${text}`, title: 'Time range', from: 'From', to: 'To', apply: 'Apply', wrong: 'The end must come after the start.', zoomOut: 'Twice as wide',
  },
  signIn: {
    title: 'Sign in', lead: 'The province’s security monitoring', username: 'User name', password: 'Password', submit: 'Sign in',
    wrong: 'The user name or the password is wrong.', tooMany: 'Too many attempts. Wait a few minutes and try again.',
    forgotten: 'Forgotten: an administrator resets it under Administration › Users.',
  },
  password: {
    title: 'Change password', must: 'An administrator set this password. Choose one of your own to go on.', current: 'Current password',
    next: 'New password', again: 'New password again', rule: 'At least 12 characters. A sentence beats a hard word.',
    short: 'The new password needs at least 12 characters.', differ: 'The two entries differ.', done: 'Password changed', submit: 'Change password',
  },
  overview: {
    open: 'open incidents', today: (n) => `+${n} today`, noneToday: 'none opened today', overdue: 'overdue', late: (who, d) => `${who}, ${d} late`,
    noneOverdue: 'every incident is in time', fresh: 'unacknowledged alerts', critical: (n) => `${n} critical`, noneCritical: 'none critical',
    silent: 'silent sources', noneSilent: 'every source is sending', byLevel: 'Alerts by severity', byAgency: 'Incidents by agency',
    agencyHint: (n) => `${n} days · at the right: open`, openNow: 'open', portals: (n) => s(n, 'portal'), eachSquare: 'one square a portal',
    ok: 'v4 + v6 fine', v6: 'v6 broken', tls: 'TLS expires soon', incident: 'has an incident', trusted: 'hold a trust certificate', ingest: 'Ingest',
    lagText: (d) => `${d} behind`, lost: (n) => `${n} lost`, unparsed: (n) => `${s(n, 'line')} not understood`,
    noIncidents: 'No incident in these days.', noAlerts: 'No alert in this time range.',
  },
  alerts: {
    title: 'Alerts', summary: (a, e) => `${s(a, 'alert')} · ${s(e, 'event')}`, fresh: (n) => `${s(n, 'new alert')}`, what: 'Rule · portal · agency', levelShort: 'Sev.',
    times: 'Times', who: 'Who', group: 'Group by', noGroup: 'nothing',
    groups: { rule: 'rule', portal: 'portal', source: 'attacker', organization: 'agency' },
    empty: 'No alert matches.', emptyHint: 'Widen the time range, drop a filter, or include closed alerts.', quiet: 'No alerts yet.',
    quietHint: 'An alert appears when a rule matches events. Check that sources are sending and rules are enabled.', showClosed: 'Include closed', filters: 'Filters',
    acknowledge: 'Acknowledge', assign: 'Assign', toIncident: 'To incident', closeIt: 'Close', reopen: 'Reopen', assignMe: 'Assign to me', unassign: 'Unassign', reason: 'Close as',
    note: 'Note', noteHint: 'Note (optional)', why: 'Why it fired', condition: 'The rule’s condition', raw: 'Raw line', around: 'Around this address', guide: 'What to do', aboutRule: 'About this rule',
    eventsOf: (n, all) => `first ${n} of ${s(all, 'event')}`, event: 'Event', allFields: 'All ECS fields', activity: 'Activity', openEvents: 'Open these events', related: 'Related', follows: 'follows', absorbed: 'absorbed by',
    since: (n, at) => `${n} times since ${at}`, sourceSeries: 'this address', portalSeries: 'this portal', matchedSeries: 'matched', inIncident: (n) => `Incident #${n}`,
    didAcknowledge: (n) => `${s(n, 'alert')} acknowledged`, didAssign: (n, who) => `${s(n, 'alert')} assigned to ${who}`, didUnassign: (n) => `${s(n, 'alert')} unassigned`, didClose: (n, why) => `${s(n, 'alert')} closed: ${why}`,
    didReopen: (n) => `${s(n, 'alert')} reopened`, didJoin: (n, incident) => `${s(n, 'alert')} joined incident #${incident}`, partly: (n, why) => `${s(n, 'alert')} could not be changed: ${why}`, noRule: 'This rule has no guide yet.',
    join: 'Join an incident', joinNew: 'Open a new incident', joinTitle: 'Title of the new incident', joinOpen: 'Open incidents', noOpen: 'No open incident.', reader: 'You can see alerts but not work on them.',
    selectAll: 'Select all', unselect: 'Clear selection', gone: 'Choose a row to see its details.', opContains: 'contains', opStarts: 'starts with', opEnds: 'ends with', opRe: 'matches', opEq: 'is', opExists: 'exists', opNot: 'is not', opCidr: 'is in network',
    opGt: 'above', opLt: 'below', opGe: 'at least', opLe: 'at most', sortLast: 'latest', sortLevel: 'severity', sortCount: 'count', sort: 'Sort by',
  },
  incidents: {
    title: 'Incidents', empty: 'No incident matches.', emptyHint: 'An incident opens on an alert of level high or above, or when someone joins alerts to one.', overdue: 'overdue', overdueBy: (d) => `${d} overdue`, dueIn: (d) => `${d} left`,
    onlyOverdue: 'Overdue only', mine: 'Mine', timeline: 'Timeline', portals: 'Portals', entities: 'Entities', related: 'Related incidents', alertsIn: 'Alerts', addNote: 'Add note', notePlaceholder: 'Who did what, and what comes next', start: 'Start work',
    closeIt: 'Close incident', reopen: 'Reopen', take: 'Take it', everything: 'everything', onlyPeople: 'people', onlyAlerts: 'alerts', onlyEvents: 'events', closedAt: 'closed', noRelated: 'No related incident yet.',
    did: { status: 'Status changed', assigned: 'Assigned', level: 'Severity changed', note: 'Note added', title: 'Title changed' }, changeTitle: 'Rename', number: 'No.', sla: 'Due', open: 'open', list: 'Incident list', shown: (n, all) => `${n} of ${all}`,
  },
  activity: { created: 'opened', status: 'changed status', assigned: 'assigned to', note: 'noted', level: 'changed severity', joined: 'joined to incident', title: 'renamed', reopened: 'reopened' },
  agencies: {
    title: 'Agencies', sentence: (open, over, portals, v6, trusted) => `${s(open, 'open incident')}, ${over} overdue; ${s(portals, 'portal')}, ${v6} on IPv6, ${trusted} trusted.`,
    kinds: { department: 'Departments', district: 'District level', commune: 'Commune level', system: 'Shared systems' }, risk: 'Risk', riskParts: 'What makes up the risk', riskHint: 'For now: open incidents weighted by severity', riskTotal: (n) => `${s(n, 'point')} in all`,
    noRisk: 'No open incident: no risk points.', openIncidents: 'Open incidents', openAlerts: 'Open alerts', sources: 'Sources', ipv6: 'IPv6', trusted: 'Trusted', unassigned: (n) => `${s(n, 'event')} of no known agency`, unassignedHint: 'Add these hosts to the inventory so that their events reach the right agency.',
    until: (day) => `until ${day}`, successor: 'Now', since: (day) => `since ${day}`, parent: 'Part of', noPortals: 'No portal is declared for this agency.', noSources: 'No log source reports for this agency yet.', noIncidents: 'No incidents.', days: 'Last 14 days', filter: 'Find an agency', all: 'All kinds', atRisk: 'With open incidents',
    empty: 'The inventory has no agency yet.', emptyHint: 'Load the province’s inventory, then reload this page.', alertsDay: 'Alerts by day', sourceRows: 'Log sources',
  },
  portals: {
    title: 'Portals', domain: 'Domain', addresses: 'Addresses', tls: 'TLS certificate', trust: 'Trust certificate', filter: 'Find a portal', trustedUntil: (d) => `until ${d}`, notTrusted: 'none', v4only: 'IPv4 only', v6only: 'has IPv6', both: 'v4 + v6', expired: 'expired', daysLeft: (n) => `${s(n, 'day')} left`,
    lastEvent: 'Latest log', noEvent: 'no log yet', states: { incident: 'Has an incident', tls: 'TLS expires soon', v6: 'No IPv6', untrusted: 'Not trusted', all: 'All' }, empty: 'No portal matches.', emptyHint: 'Drop a filter or choose another agency.',
  },
  events: {
    title: 'Events', empty: 'No event matches.', emptyHint: 'Widen the time range or try a part of the query. For example:', fields: 'Fields', summary: 'What happened', source: 'Source', total: (n) => s(n, 'event'), missing: (day, why) => `${day} is missing: ${why}`,
    newest: 'newest first', oldest: 'oldest first', raw: 'Raw line', allFields: 'Fields', filterFields: 'Filter fields', topValues: (n) => `top ${n} values`, noFields: 'No such field.', denied: 'denied', allowed: 'allowed', kqlWrong: 'The query is not right yet',
  },
  value: {
    filterFor: 'Filter for this value', filterOut: 'Filter out this value', around: 'Events ±15 minutes', copy: 'Copy', copyField: 'Copy “field : value”', openAgency: 'Open the agency', openPortal: 'Open the portal', openRule: 'Open the rule', openSource: 'Open the source', searchEvents: 'Search in events', hidden: 'hidden character',
  },
  rules: {
    title: 'Detection rules', kind: 'Kind', kinds: { single: 'single event', event_count: 'event count', value_count: 'value count' }, week: 'Alerts, 7 days', lastRun: 'Last run', behind: 'Behind', enabled: 'On', source: 'Source', runs: 'Runs', matched: 'Matched', took: 'Took', window: 'Covered', failed: 'failed',
    turnedOn: 'Rule enabled', turnedOff: 'Rule disabled', filter: 'Find a rule', fields: 'Fields it uses', noRuns: 'This rule has not run yet.', description: 'What it catches', guide: 'When it fires', only: { all: 'All', enabled: 'Enabled', disabled: 'Disabled', failing: 'Failing' }, empty: 'No rule matches.',
    noSwitch: 'Rule authors and administrators switch rules.', covered: 'Covered up to',
  },
  sources: {
    title: 'Log sources', states: { receiving: 'receiving', silent: 'silent', waiting: 'waiting', failing: 'failing' }, rate: 'Lines/s', lag: 'Lag', lines: 'Lines, 24 h', unparsed: 'Not understood', behind: 'To write', last: 'Last line', recent: '24 hours', kinds: { file: 'file', syslog: 'syslog', http: 'HTTP' },
    silentFor: (d) => `silent for ${d}`, ahead: 'its clock is more than 24 h ahead', setup: 'Add a source', setupLead: 'Copy this into the device. The receiving address is filled in.', address: 'Receiving address', empty: 'No source sends logs yet.', emptyHint: 'Choose a device and copy its settings. The source appears here with its first line.',
    devices: { fortigate: 'FortiGate', nginx: 'nginx', iis: 'IIS' }, copySetup: 'Copy the settings', parser: 'Parser', filter: 'Find a source', never: 'no line yet', seeUnparsed: 'See the lines not understood',
  },
  admin: {
    title: 'Administration', users: 'Users', audit: 'Audit trail', health: 'Health', add: 'Add a user', userName: 'User name', displayName: 'Full name', role: 'Role', organizations: 'Agencies in view', allOrganizations: 'all agencies', created: 'Created', lastSignIn: 'Last sign-in', disabled: 'disabled', disable: 'Disable', enable: 'Enable',
    reset: 'Reset password', newPassword: 'Temporary password', passwordHint: 'The user must change it at the first sign-in.', make: 'Create', added: (n) => `${n} added`, wasDisabled: (n) => `${n} disabled`, wasEnabled: (n) => `${n} enabled`, wasReset: (n) => `Password of ${n} reset`, roleChanged: (n) => `Role of ${n} changed`,
    by: 'Who', what: 'What', object: 'Object', detail: 'Detail', version: 'Version', store: 'Store', clock: 'Server clock', disk: 'Disk', used: 'used', free: 'free', days: 'Days in the store', day: 'Day', size: 'Size', noProblems: 'No problems.', problems: 'Problems', onlyAdmin: 'This is for administrators.', noAudit: 'Nothing has been done yet.',
    never: 'never', generate: 'Generate',
  },
  keys: {
    title: 'Keys', everywhere: 'On every page', search: 'go to the search box', palette: 'command palette', help: 'keys of this page', goTo: (page) => `open ${page}`, undo: 'undo', next: 'next row', previous: 'previous row', open: 'open', closeDrawer: 'close the details', select: 'select several', fresh: 'show new alerts', choose: 'choose', theme: 'light or dark',
  },
  palette: {
    title: 'Command palette', placeholder: 'Page, agency, portal, address, incident number, action', pages: 'Pages', actions: 'Actions', found: 'Found', nothing: 'Nothing like that. Enter searches the events.', searchEvents: (q) => `Search “${q}” in events`,
    kinds: { agency: 'agency', portal: 'portal', address: 'address', incident: 'incident', rule: 'rule', source: 'source' },
  },
  sentence: { from: 'from', to: 'to', answered: 'answered', user: 'user', port: 'port', via: 'via', unparsed: 'Line not understood', byRule: 'by rule', noDetail: 'No content.' },
}
