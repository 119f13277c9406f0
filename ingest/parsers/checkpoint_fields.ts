/**
 * What Check Point's log fields become (Check Point sk144192, "Log Fields Description"; Logging and Monitoring Administration Guide,
 * "Log Exporter"). A field that is not here becomes `checkpoint.<field>`.
 * https://support.checkpoint.com/results/sk/sk144192
 */
import { keyTable } from './keyvalue.ts'
import { planOf, type Rules, targetsOf } from './targets.ts'

export const VENDOR = 'checkpoint.'

const RULES: Rules = {
  // The parser reads these itself.
  action: ['none'],
  ifdir: ['none'],
  ifname: ['none'],
  time: ['none'],
  start_time: ['none'],
  start: ['none'],
  severity: ['none'],
  subject: ['none'],
  elapsed: ['none'],
  origin: ['text', 'observer.name'],
  originsicname: ['text', `${VENDOR}origin_sic_name`],
  product: ['text', 'observer.product'],
  sequencenum: ['long', 'event.sequence'],
  src: ['side', 'source'],
  src_ip: ['side', 'source'],
  client_ip: ['side', 'source'],
  dst: ['side', 'destination'],
  dst_ip: ['side', 'destination'],
  s_port: ['port', 'source.port'],
  src_port: ['port', 'source.port'],
  service: ['port', 'destination.port'],
  d_port: ['port', 'destination.port'],
  dst_port: ['port', 'destination.port'],
  proto: ['transport'],
  xlatesrc: ['ip', 'source.nat.ip'],
  xlatesport: ['port', 'source.nat.port'],
  xlatedst: ['ip', 'destination.nat.ip'],
  xlatedport: ['port', 'destination.nat.port'],
  service_id: ['text', 'network.application'],
  appi_name: ['text', 'network.application'],
  layer_name: ['text', 'network.name'],
  inzone: ['text', 'observer.ingress.zone'],
  outzone: ['text', 'observer.egress.zone'],
  rule: ['text', 'rule.id'],
  rule_name: ['text', 'rule.name'],
  rule_uid: ['text', 'rule.uuid'],
  policy_name: ['text', 'rule.ruleset'],
  matched_category: ['text', 'rule.category'],
  app_category: ['text', 'rule.category'],
  src_user_name: ['user', 'source.user'],
  user: ['user', 'source.user'],
  administrator: ['user', 'source.user'],
  dst_user_name: ['user', 'destination.user'],
  src_user_group: ['text', 'source.user.group.name'],
  src_machine_name: ['text', 'source.domain'],
  dst_machine_name: ['text', 'destination.domain'],
  mac_source_address: ['mac', 'source.mac'],
  mac_destination_address: ['mac', 'destination.mac'],
  client_outbound_bytes: ['long', 'source.bytes'],
  sent_bytes: ['long', 'source.bytes'],
  server_outbound_bytes: ['long', 'destination.bytes'],
  received_bytes: ['long', 'destination.bytes'],
  client_outbound_packets: ['long', 'source.packets'],
  server_outbound_packets: ['long', 'destination.packets'],
  bytes: ['long', 'network.bytes'],
  packets: ['long', 'network.packets'],
  duration: ['seconds', 'event.duration'],
  resource: ['url'],
  url: ['url'],
  http_host: ['host'],
  method: ['text', 'http.request.method'],
  referrer: ['text', 'http.request.referrer'],
  http_status: ['long', 'http.response.status_code'],
  user_agent: ['text', 'user_agent.original'],
  web_client_type: ['text', 'user_agent.name'],
  file_name: ['text', 'file.name'],
  file_size: ['long', 'file.size'],
  file_type: ['text', `${VENDOR}file_type`],
  file_md5: ['text', 'file.hash.md5'],
  file_sha1: ['text', 'file.hash.sha1'],
  file_sha256: ['text', 'file.hash.sha256'],
  from: ['text', 'email.from.address'],
  to: ['text', 'email.to.address'],
  email_subject: ['text', 'email.subject'],
  dns_query: ['text', 'dns.question.name'],
  domain: ['text', 'dns.question.name'],
  dns_type: ['text', 'dns.question.type'],
  reason: ['text', 'event.reason'],
  message_info: ['text', 'message'],
  message: ['text', 'message'],
  icmp_type: ['long', `${VENDOR}icmp_type`],
  icmp_code: ['long', `${VENDOR}icmp_code`],
  os_name: ['text', 'host.os.name'],
  vlan: ['text', 'network.vlan.id'],
  process_name: ['text', 'process.name'],
}
/** Others that stand in most lines: known, they are found at once. */
const TEXTS = `flags logid loguid version __policy_id_tag layer_uuid match_id parent_rule rule_action nat_addtnl_rulenum
  nat_rulenum conn_direction contextnum hll_key db_tag context_num log_id sys_message blade_name information audit_status
  operation operation_number objectname objecttype objecttable uid machine additional_info description update_status
  malware_action malware_family malware_rule_id malware_rule_name protection_name protection_type protection_id
  confidence_level performance_impact smartdefense_profile attack attack_info industry_reference app_id app_desc app_risk
  app_properties app_rule_id app_rule_name app_sig_id scan_direction session_id tcp_flags sub_policy_name sub_policy_uid
  auth_method auth_status identity_type identity_src login_timestamp roles src_country dst_country verdict vendor_list
  te_verdict_determined_by emulated_on suppressed_logs session_uid user_uid status fw_message alert vpn_feature_name
  scheme peer_gateway methods community encryption_failure cookiei cookier termination_reason`.split(/\s+/)

const names = [...new Set([...Object.keys(RULES), ...TEXTS])]
export const KEYS = keyTable(names)
export const PLAN = planOf(targetsOf(names, RULES, VENDOR))
export const idsOf = <const T extends readonly string[]>(...wanted: T) =>
  wanted.map((name) => names.indexOf(name)) as { readonly [K in keyof T]: number }
