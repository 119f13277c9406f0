/**
 * Messages of ASA and of FTD's Lina engine, by id from 500000 on: what they say and how they say it, one template a line (`template.ts`), tried
 * in order. An id that is not here is kept with its text.
 * Cisco Secure Firewall ASA Series Syslog Messages, https://www.cisco.com/c/en/us/td/docs/security/asa/syslog/b_syslog.html
 */
export const SESSION_MESSAGES = `
500003 dropped
  Bad TCP hdr length ({_}) from {at:src} to {at:dst}, flags: {flags}, on interface {iface}
500004 dropped
  Invalid transport field for protocol={proto}, from {at:src} to {at:dst}
502101 userAdd
  New user added to local dbase: Uname: {user*} Priv: {priv} Encpass: {_}
502102 userDelete
  User deleted from local dbase: Uname: {user*} Priv: {priv} Encpass: {_}
502103 userChange
  User priv level changed: Uname: {user*} From: {_} To: {priv}
507003 dropped
  {proto} flow from {if:src} to {if:dst} terminated by inspection engine, reason - {reason}
602303 create
  IPSEC: An {dir} {_} SA (SPI= {spi}) between {ip} and {server} (user= {user*}) has been created.
602304 expire
  IPSEC: An {dir} {_} SA (SPI= {spi}) between {ip} and {server} (user= {user*}) has been deleted.
604103 plain
  DHCP daemon interface {iface}: address granted {mac} ({ip})
604104 plain
  DHCP daemon interface {iface}: address released {mac} ({ip})
605004 loginFail
  Login denied from {at:src} to {iface}:{at:dst} for user "{user}"
  Login denied from {at:src} to {at:dst} for user "{user}"
  Login denied from {service} to {at:dst} for user "{user}"
605005 loginOk
  Login permitted from {at:src} to {iface}:{at:dst} for user "{user}"
  Login permitted from {at:src} to {at:dst} for user "{user}"
  Login permitted from {service} to {at:dst} for user "{user}"
606001 606003 plain
  ASDM session number {conn} from {ip} started
  ASDM logging session number {conn} from {ip} started
606002 606004 plain
  ASDM session number {conn} from {ip} ended
  ASDM logging session number {conn} from {ip} ended
607001 info
  Pre-allocate SIP {_} secondary channel for {if:dst} to {if:src} from {reason} message
609001 create
  Built local-host {if:src}
609002 expire
  Teardown local-host {if:src} duration {dur}
611101 loginOk
  User authentication succeeded: IP address: {ip}, Uname: {user}
  User authentication succeeded: IP, {ip} : Uname: {user}
  User authentication succeeded: Uname: {user}
611102 loginFail
  User authentication failed: IP address: {ip}, Uname: {user}
  User authentication failed: IP = {ip}, Uname: {user}
  User authentication failed: Uname: {user}
611103 logout
  User logged out: Uname: {user}
710001 710002 allow
  {proto} access requested from {at:src} to {if:dst}
  {proto} access permitted from {at:src} to {if:dst}
710003 deny
  {proto} access denied by ACL from {at:src} to {if:dst}
710004 dropped
  {proto} connection limit exceeded from {at:src} to {if:dst} ({reason})
  {proto} connection limit exceeded from {at:src} to {if:dst}
710005 710006 deny
  {proto} request discarded from {at:src} to {if:dst}
713049 vpnStart
  Group = {group}, Username = {user}, IP = {ip}, {reason}
  Group = {group}, IP = {ip}, {reason}
713119 713120 vpnStart
  Group = {group}, Username = {user}, IP = {ip}, {reason}
  Group = {group}, IP = {ip}, {reason}
713050 713259 vpnEnd
  Group = {group}, Username = {user}, IP = {ip}, {reason}
  Group = {group}, IP = {ip}, {reason}
713228 vpn
  Group = {group}, Username = {user}, IP = {ip}, Assigned private IP address {assigned} to remote user
716001 vpnStart
  Group <{group}> User <{user}> IP <{ip}> {stype} session started.
716002 vpnEnd
  Group <{group}> User <{user}> IP <{ip}> {stype} session terminated: {reason}.
  Group <{group}> User <{user}> IP <{ip}> {reason}
716003 allow
  Group <{group}> User <{user}> IP <{ip}> {stype} access GRANTED: {url}
  Group <{group}> User <{user}> IP <{ip}> {stype} access "GRANTED: {url}"
716004 deny
  Group <{group}> User <{user}> IP <{ip}> {stype} access DENIED to specified location: {url}
716038 loginOk
  Group <{group}> User <{user}> IP <{ip}> Authentication: successful, Session Type: {stype}.
  Group <{group}> User <{user}> IP <{ip}> {reason}
716039 loginFail
  Group <{group}> User <{user}> IP <{ip}> Authentication: rejected, Session Type: {stype}.
  Group <{group}> User <{user}> IP <{ip}> {reason}
716058 vpnEnd
  Group <{group}> User <{user}> IP <{ip}> {reason}
716059 vpnStart
  Group <{group}> User <{user}> IP <{ip}> {reason}
722022 vpnStart
  Group <{group}> User <{user}> IP <{ip}> {proto} SVC connection established {reason}
  Group <{group}> User <{user}> IP <{ip}> {reason}
722023 vpnEnd
  Group <{group}> User <{user}> IP <{ip}> {proto} SVC connection terminated {reason}
  Group <{group}> User <{user}> IP <{ip}> {reason}
722011 722012 vpn
  Group <{group}> User <{user}> IP <{ip}> SVC Message: {reason}
722028 722032 vpn
  Group <{group}> User <{user}> IP <{ip}> {reason}
722033 vpn
  Group <{group}> User <{user}> IP <{ip}> First {proto} SVC connection established for SVC session.
722034 vpn
  Group <{group}> User <{user}> IP <{ip}> New {proto} SVC connection, no existing connection.
722037 vpnEnd
  Group <{group}> User <{user}> IP <{ip}> SVC closing connection: {reason}.
  Group <{group}> User <{user}> IP <{ip}> SVC closing connection: {reason}
722041 vpn
  TunnelGroup <{object}> GroupPolicy <{group}> User <{user*}> IP <{ip}> {reason}
722051 vpn
  Group <{group}> User <{user}> IP <{ip}> IPv4 Address <{assigned}> IPv6 address <{assigned6}> assigned to session
  Group <{group}> User <{user}> IP <{ip}> Address <{assigned}> assigned to session
722055 vpn
  Group <{group}> User <{user}> IP <{ip}> Client Type: {agent}
725001 plain
  Starting SSL handshake with {role} {if:src} to {at:dst} for {version} session
  Starting SSL handshake with {role} {if:src} for {version} session
725002 plain
  Device completed SSL handshake with {role} {if:src} to {at:dst} for {version} session
  Device completed SSL handshake with {role} {if:src}
725003 plain
  SSL client {if:src} to {at:dst} request to resume previous session.
  SSL client {if:src} request to resume previous session.
725006 plain
  Device failed SSL handshake with {role} {if:src} to {at:dst}
  Device failed SSL handshake with {role} {if:src}
725007 plain
  SSL session with {role} {if:src} to {at:dst} terminated
  SSL session with {role} {if:src} terminated
733100 threat
  [{object}] drop rate-{_} exceeded. {reason}
  [ {object}] drop rate-{_} exceeded. {reason}
733101 threat
  {object} {ip} is {_}. {reason}
  Object {object} {reason}
733102 threat
  Threat-detection adds host {ip} to shun list
733103 info
  Threat-detection removes host {ip} from shun list
734001 vpn
  DAP: User {user*}, Addr {ip}, Connection {stype}: The following DAP records were selected for this connection: {policy}
734002 vpnEnd
  DAP: User {user*}, Addr {ip}: Connection terminated by the following DAP records: {policy}
734003 vpn
  DAP: User {user}, Addr {ip}: Session Attribute: {text}
746012 plain
  user-identity: Add IP-User mapping {ip} - {user*} Succeeded - {reason}
  user-identity: Add IP-User mapping {ip} - {user}
746013 plain
  user-identity: Delete IP-User mapping {ip} - {user*} Succeeded - {reason}
  user-identity: Delete IP-User mapping {ip} - {user}
750002 750006 vpn
  Local:{at:dst} Remote:{at:src} Username:{user} {reason}
others vpn
  Group <{group}> User <{user}> IP <{ip}> {text}
  Group = {group}, Username = {user}, IP = {ip}, {text}
  Group = {group}, IP = {ip}, {text}
  Local:{at:dst} Remote:{at:src} Username:{user} {text}
`
