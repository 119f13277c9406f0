/**
 * What the keys of Sophos Firewall's logs become (Sophos Firewall, "Syslog descriptions", SFOS 17.5 to 21, its standard and its
 * central reporting format). A key that is not here becomes `sophos.xg.<key>`.
 * https://docs.sophos.com/nsg/sophos-firewall/20.0/syslog/index.html
 */
import { keyTable } from './keyvalue.ts'
import { planOf, type Rules, targetsOf } from './targets.ts'

export const VENDOR = 'sophos.xg.'

const RULES: Rules = {
  // The parser reads these itself.
  date: ['none'],
  time: ['none'],
  timestamp: ['none'],
  log_id: ['none'],
  log_subtype: ['none'],
  priority: ['none'],
  severity: ['none'],
  user_name: ['none'],
  user: ['none'],
  from_email_address: ['none'],
  to_email_address: ['none'],
  sender: ['none'],
  recepient: ['none'],
  duration: ['none'],
  status: ['none'],
  http_status: ['none'],
  referer: ['none'],
  ws_protocol: ['none'],
  querystring: ['none'],
  timezone: ['text', `${VENDOR}timezone`],
  device_id: ['text', 'observer.serial_number'],
  device_serial_id: ['text', 'observer.serial_number'],
  device_name: ['text', 'observer.name'],
  src_ip: ['ip', 'source.ip'],
  sourceip: ['ip', 'source.ip'],
  src_ipv6: ['ip', 'source.ip'],
  dst_ip: ['ip', 'destination.ip'],
  destinationip: ['ip', 'destination.ip'],
  localip: ['ip', 'destination.ip'],
  dst_ipv6: ['ip', 'destination.ip'],
  local_ip: ['ip', 'destination.ip'],
  localinterfaceip: ['ip', 'source.ip'],
  remoteinterfaceip: ['ip', 'destination.ip'],
  remote_ip: ['ip', 'source.ip'],
  src_port: ['port', 'source.port'],
  dst_port: ['port', 'destination.port'],
  src_mac: ['mac', 'source.mac'],
  dst_mac: ['mac', 'destination.mac'],
  tran_src_ip: ['ip', 'source.nat.ip'],
  tran_src_port: ['port', 'source.nat.port'],
  src_trans_ip: ['ip', 'source.nat.ip'],
  src_trans_port: ['port', 'source.nat.port'],
  tran_dst_ip: ['ip', 'destination.nat.ip'],
  tran_dst_port: ['port', 'destination.nat.port'],
  dst_trans_ip: ['ip', 'destination.nat.ip'],
  dst_trans_port: ['port', 'destination.nat.port'],
  sent_bytes: ['long', 'source.bytes'],
  bytes_sent: ['long', 'source.bytes'],
  bytesrcv: ['long', 'source.bytes'],
  recv_bytes: ['long', 'destination.bytes'],
  bytes_received: ['long', 'destination.bytes'],
  bytessent: ['long', 'destination.bytes'],
  sent_pkts: ['long', 'source.packets'],
  packets_sent: ['long', 'source.packets'],
  recv_pkts: ['long', 'destination.packets'],
  packets_received: ['long', 'destination.packets'],
  in_interface: ['text', 'observer.ingress.interface.name'],
  out_interface: ['text', 'observer.egress.interface.name'],
  srczone: ['text', 'observer.ingress.zone'],
  src_zone: ['text', 'observer.ingress.zone'],
  dstzone: ['text', 'observer.egress.zone'],
  dst_zone: ['text', 'observer.egress.zone'],
  srczonetype: ['text', `${VENDOR}src_zone_type`],
  dstzonetype: ['text', `${VENDOR}dst_zone_type`],
  protocol: ['transport'],
  application: ['lower', 'network.protocol'],
  app_name: ['lower', 'network.protocol'],
  application_name: ['lower', 'network.protocol'],
  vlan_id: ['text', 'network.vlan.id'],
  fw_rule_id: ['none'],
  fw_rule_name: ['text', 'rule.name'],
  policy_type: ['text', 'rule.ruleset'],
  fw_rule_type: ['text', 'rule.ruleset'],
  signature_id: ['text', 'rule.id'],
  signature_msg: ['text', 'rule.name'],
  classification: ['text', 'rule.category'],
  user_gp: ['text', 'source.user.group.name'],
  user_group: ['text', 'source.user.group.name'],
  usergroupname: ['text', 'source.user.group.name'],
  src_domainname: ['text', 'source.domain'],
  dst_domainname: ['text', 'destination.domain'],
  domainname: ['host'],
  domain: ['host'],
  server: ['host'],
  url: ['url'],
  method: ['text', 'http.request.method'],
  httpstatus: ['long', 'http.response.status_code'],
  httpresponsecode: ['long', 'http.response.status_code'],
  http_status_code: ['long', 'http.response.status_code'],
  status_code: ['long', 'http.response.status_code'],
  useragent: ['text', 'user_agent.original'],
  user_agent: ['text', 'user_agent.original'],
  email_subject: ['text', 'email.subject'],
  subject: ['text', 'email.subject'],
  filename: ['text', 'file.name'],
  file_name: ['text', 'file.name'],
  destination: ['side', 'destination'],
  filesize: ['long', 'file.size'],
  file_size: ['long', 'file.size'],
  file_path: ['text', 'file.path'],
  sha1sum: ['text', 'file.hash.sha1'],
  message: ['text', 'message'],
  reason: ['text', 'event.reason'],
}
/** Others that stand in most lines: known, they are found at once. */
const TEXTS =
  `device device_model log_type log_component log_version iap ips_policy_id appfilter_policy_id application_risk
  application_technology application_category app_risk app_technology app_category src_country_code dst_country_code
  src_country dst_country dir_disp connevent con_event connid con_id vconnid virt_con_id hb_health hb_status appresolvedby
  app_resolved_by app_is_cloud nat_rule_id nat_rule_name ether_type icmp_type icmp_code bridge_name category category_type
  contenttype content_type override_token exceptions activityname av_policy_name mailid mailsize spamaction
  quarantine_reason virus quarantine source filetype idp_policy_id rule_priority platform target
  threatname eventid eventtype execution_path ep_uuid login_user process_user extra cookie responsetime host name
  auth_client auth_mechanism connectionname connectiontype localgateway localnetwork remotenetwork ipaddress
  client_physical_address client_host_name lease_time red_id branch_name ap ssid web_policy_id log_occurrence
  qualifier out_display_interface in_display_interface gw_id_request gw_name_request`.split(/\s+/)

const names = [...new Set([...Object.keys(RULES), ...TEXTS])]
export const KEYS = keyTable(names)
export const PLAN = planOf(targetsOf(names, RULES, VENDOR))
export const idsOf = <const T extends readonly string[]>(...wanted: T) =>
  wanted.map((name) => names.indexOf(name)) as { readonly [K in keyof T]: number }
