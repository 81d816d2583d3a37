# SPDX-License-Identifier: MIT
"""certs: one authority for a whole run, and certificates it signs. They live in a folder that goes with the process."""
import atexit
import os
import shutil
import ssl
import subprocess
import tempfile

_folder = None


def _openssl(*words):
    subprocess.run(["openssl", *words], cwd=_folder, check=True, capture_output=True)


def authority():
    """The certificate of the authority everybody here trusts."""
    global _folder
    if not _folder:
        _folder = tempfile.mkdtemp(prefix="peal-certs-")
        atexit.register(shutil.rmtree, _folder, True)
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                 "-subj", "/CN=authority of a test", "-keyout", "ca.key", "-out", "ca.pem")
    return os.path.join(_folder, "ca.pem")


def pair(*names):
    """(certificate, key) for names such as "DNS:example.com", "IP:127.0.0.1", "URI:sip:example.com"."""
    authority()
    label = "".join(c if c.isalnum() else "_" for c in "-".join(names))
    paths = [os.path.join(_folder, label + end) for end in (".pem", ".key")]
    if not os.path.exists(paths[0]):
        with open(os.path.join(_folder, label + ".ext"), "w") as f:
            f.write(f"subjectAltName={','.join(names)}\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test",
                 "-keyout", label + ".key", "-out", label + ".csr")
        _openssl("x509", "-req", "-in", label + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
                 "-extfile", label + ".ext", "-out", label + ".pem")
    return paths


def stranger(*names):
    """(certificate, key) that nobody here has signed."""
    authority()
    paths = [os.path.join(_folder, "stranger" + end) for end in (".pem", ".key")]
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=stranger",
             "-addext", f"subjectAltName={','.join(names)}", "-keyout", paths[1], "-out", paths[0])
    return paths


HERE = ("DNS:example.com", "DNS:localhost", "IP:127.0.0.1", "IP:0:0:0:0:0:0:0:1")  # what everybody on this host may be called


def client(*names):
    """A context that trusts the authority; with names it shows a certificate of its own."""
    context = ssl.create_default_context(cafile=authority())
    if names:
        context.load_cert_chain(*pair(*names))
    return context


def server(*names):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair(*(names or HERE)))
    return context
