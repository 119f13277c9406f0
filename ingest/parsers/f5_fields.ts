/**
 * What the keys of F5 BIG-IP become: ASM (https://techdocs.f5.com, "Logging Application Security Events", storage format key-value
 * pairs), AFM, AVR and APM (https://clouddocs.f5.com/products/extensions/f5-telemetry-streaming/latest/output-example.html). A key that is
 * not here becomes `f5_bigip.log.<key>`.
 */
import type { Rules } from './plan.ts'

const LOG = 'f5_bigip.log.'
const longs = (...names: string[]): Rules =>
  Object.fromEntries(names.map((name) => [name, ['long', `${LOG}${name}`] as const]))

export const F5_RULES: Rules = {
  // Of every event.
  hostname: ['text', 'host.name', 'observer.name'],
  Hostname: ['text', 'host.name', 'observer.name'],
  unit_hostname: ['text', 'host.name', 'observer.name'],
  date_time: ['own'],
  EOCTimestamp: ['own'],
  f5telemetry_timestamp: ['own'],
  telemetryEventCategory: ['text', `${LOG}telemetry.event.category`],
  errdefs_msgno: ['text', `${LOG}errdefs_msgno`],
  errdefs_msg_name: ['text', `${LOG}errdefs_msg_name`],
  application: ['lower', 'network.application'],
  severity: ['own'],
  Severity: ['own'],
  action: ['text', 'event.action'],
  Action: ['text', 'event.action'],
  bigip_mgmt_ip: ['ip', 'observer.ip'],
  management_ip_address: ['ip', 'observer.ip'],

  // ASM
  ip_client: ['side', 'source'],
  src_port: ['port', 'source.port'],
  dest_ip: ['side', 'destination'],
  dest_port: ['port', 'destination.port'],
  method: ['text', 'http.request.method'],
  protocol: ['lower', 'network.protocol'],
  uri: ['own'],
  query_string: ['own'],
  request: ['own'],
  response_code: ['own'],
  x_forwarded_for_header_value: ['ip', 'network.forwarded_ip'],
  username: ['text', 'user.name'],
  session_id: ['text', `${LOG}session_id`],
  support_id: ['text', `${LOG}support_id`],
  request_status: ['text', 'event.action', `${LOG}request_status`],
  policy_name: ['text', 'rule.ruleset', `${LOG}policy_name`],
  attack_type: ['text', 'rule.category', `${LOG}attack_type`],
  violations: ['text', `${LOG}violations`],
  sub_violations: ['text', `${LOG}sub_violations`],
  sig_ids: ['text', 'rule.id', `${LOG}sig_ids`],
  sig_names: ['text', 'rule.name', `${LOG}sig_names`],
  geo_location: ['text', `${LOG}geo_location`],
  bot_category: ['text', `${LOG}bot_category`],
  ...longs('violation_rating'),

  // AFM
  source_ip: ['side', 'source'],
  source_port: ['port', 'source.port'],
  source_fqdn: ['text', 'source.domain'],
  source_user: ['text', 'source.user.name'],
  source_user_group: ['text', 'source.user.group.name'],
  dest_fqdn: ['text', 'destination.domain'],
  ip_protocol: ['transport', 'network.transport'],
  acl_rule_name: ['text', 'rule.name', `${LOG}acl_rule_name`],
  acl_policy_name: ['text', 'rule.ruleset', `${LOG}acl_policy_name`],
  acl_rule_uuid: ['text', 'rule.uuid'],
  drop_reason: ['text', 'event.reason', `${LOG}drop_reason`],
  translated_source_ip: ['ip', 'source.nat.ip'],
  translated_source_port: ['port', 'source.nat.port'],
  translated_dest_ip: ['ip', 'destination.nat.ip'],
  translated_dest_port: ['port', 'destination.nat.port'],
  src_zone: ['text', 'observer.ingress.zone'],
  dest_zone: ['text', 'observer.egress.zone'],

  // AVR, APM
  ClientIP: ['ip', 'client.ip', 'source.ip'],
  Client_IP: ['ip', 'client.ip', 'source.ip'],
  client_ip: ['ip', 'client.ip', 'source.ip'],
  SourceIP: ['side', 'source'],
  POOLIP: ['ip', 'destination.ip'],
  POOLPort: ['port', 'destination.port'],
  DestinationIP: ['side', 'destination'],
  DestinationPort: ['port', 'destination.port'],
  Method: ['text', 'http.request.method'],
  URL: ['url'],
  ResponseCode: ['long', 'http.response.status_code'],
  UserAgent: ['text', 'user_agent.original'],
  User_Agent: ['text', 'user_agent.original'],
  UserName: ['text', 'user.name'],
  User_Name: ['text', 'user.name'],
  Username: ['text', 'user.name'],
  NetworkProtocol: ['lower', 'network.protocol'],
  DeviceId: ['text', 'host.id'],
  OsName: ['text', 'host.os.name'],
  QueryName: ['lower', 'dns.question.name'],
  QueryType: ['text', 'dns.question.type'],
  Access_Policy_Result: ['text', `${LOG}Access_Policy_Result`],
  Bytes_In: ['long', 'source.bytes', `${LOG}Bytes_In`],
  Bytes_Out: ['long', 'destination.bytes', `${LOG}Bytes_Out`],
  ...longs('HitCount', 'AggrInterval', 'AttackCount', 'SoftwareDrops', 'HardwareDrops', 'TotalBytes'),
}
