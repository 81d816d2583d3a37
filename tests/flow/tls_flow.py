# SPDX-License-Identifier: MIT
"""tls: certificates changed under a call, several by name, those of clients, and sessions taken up again."""
import shutil
import socket
import ssl

from kit import certs, sip
from kit.flow import flow
from kit.phone import Phone, door

SETTINGS = {"transport.client_certificate": "off"}


def connect(server, context, name=None, session=None):
    """A TLS connection to the server by this name; what the server had to say after the handshake has been read."""
    raw = socket.create_connection(door(server, "tls", server.host), 5)
    s = context.wrap_socket(raw, server_hostname=name or server.host, session=session)
    s.sendall(b"\r\n\r\n")
    assert s.recv(16) == b"\r\n"
    return s


def shown(server, name="example.com"):
    """The names in the certificate somebody new is shown."""
    with connect(server, certs.client(), name) as s:
        return {value for kind, value in s.getpeercert()["subjectAltName"] if kind == "DNS"}


def said(server):
    return "".join(server.text(w.log.rpartition("/")[2]) for w in server.workers)


def apply(server, changes):
    server.settings.update(changes)
    server.reread(server.settings, "tls.loaded", any)


@flow("tls.reload", SETTINGS)
def reload(server):
    """SIGHUP with other certificate files under a call between two phones on TLS: the call goes on, who comes next sees the new one."""
    with Phone(server, server.name("a"), proto="tls") as a, Phone(server, server.name("b"), proto="tls") as b:
        assert a.register().status == 200 and b.register().status == 200
        sent = a.invite(b.aor)
        arrived = b.wait("INVITE")
        b.reply(arrived, 180, "Ringing")
        a.wait(180)
        assert "renewed.example.com" not in shown(server)
        cert, key = certs.pair("DNS:renewed.example.com", *certs.HERE)
        apply(server, {"transport.certificate": cert, "transport.key": key})
        assert "renewed.example.com" in shown(server)
        taken = b.reply(arrived, 200, "OK", body=sip.sdp())
        answer = a.wait(200)
        a.send(a.in_dialog("ACK", sent, answer, 1))
        b.wait("ACK")
        b.send(b.in_dialog("BYE", arrived, taken, 1, caller=False))
        a.reply(a.wait("BYE"), 200, "OK")
        b.wait(lambda m: m.status == 200 and m.cseq[1] == "BYE")
        # files that do not fit change nothing
        server.reread({**server.settings, "transport.key": certs.pair("DNS:other.example.com")[1]}, "tls.config", any)
        assert "renewed.example.com" in shown(server) and all(w.alive() for w in server.workers)
        assert a.register().status == 200


@flow("tls.same-files", SETTINGS)
def same_files(server):
    """A certificate renewed in place, under the name it had: SIGHUP is enough."""
    cert, key = f"{server.state}/cert.pem", f"{server.state}/key.pem"
    for names in (certs.HERE, ("DNS:in-place.example.com", *certs.HERE)):
        for there, here in zip((cert, key), certs.pair(*names)):
            shutil.copy(here, there)
        apply(server, {"transport.certificate": cert, "transport.key": key})
        assert ("in-place.example.com" in shown(server)) == (len(names) > len(certs.HERE))


@flow("tls.names", SETTINGS)
def names(server):
    """Several certificates: the name a client asks for (SNI) chooses, the first one is for all others."""
    pairs = [certs.pair(*certs.HERE), certs.pair("DNS:sip.one.example"), certs.pair("DNS:sip.two.example", "DNS:sip.three.example")]
    apply(server, {"transport.certificate": " ".join(p[0] for p in pairs), "transport.key": " ".join(p[1] for p in pairs)})
    for name in ("sip.one.example", "sip.two.example", "sip.three.example", "example.com"):
        assert name in shown(server, name), name


@flow("tls.client-certificates", SETTINGS)
def client_certificates(server):
    """transport.client_certificate: off asks nobody, optional takes a good one or none, required takes a good one only."""
    good, none = certs.client("DNS:phone.example"), certs.client()
    bad = ssl.create_default_context(cafile=certs.authority())
    bad.load_cert_chain(*certs.stranger("DNS:phone.example"))

    def let_in(context):
        try:
            connect(server, context).close()
            return True
        except (OSError, AssertionError):
            return False

    for setting, want in (("required", (True, False, False)), ("optional", (True, True, False)), ("off", (True, True, True))):
        apply(server, {"transport.client_certificate": setting})
        assert tuple(map(let_in, (good, none, bad))) == want, setting
    refused = [line for line in said(server).splitlines() if "tls.refused" in line]
    assert len(refused) >= 3 and any("certificate" in line for line in refused), refused


@flow("tls.resumed", {"server.threads": 2}, copies={"transport": 2})
def resumed(server):
    """A client that comes again takes up its session, whichever of four loops it comes to; another key in the cluster's tickets would show."""
    context = certs.client()
    with connect(server, context) as s:
        assert not s.session_reused and s.version() == "TLSv1.3"
        session = s.session
    for _ in range(12):
        with connect(server, context, session=session) as s:
            assert s.session_reused, "a full handshake"
            session = s.session
