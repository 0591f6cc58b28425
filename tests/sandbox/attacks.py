"""What code in the sandbox may try: a table of statements, which call ``found`` with what they got hold of.

``O`` names what lies outside: ``secret`` (a file), ``outside`` (its folder), ``shown`` (a file that
``heal.sandbox.readOnlyPaths`` shows), ``victim`` (a process), ``token`` (of its environment and command line), ``port``
(TCP and UDP), ``stream``, ``datagram`` and ``abstract`` (UNIX sockets), ``segment`` (System V shared memory), ``home``.
An exception means that the attack came to nothing. What leaves no trace inside is looked for outside, afterwards.
"""

from __future__ import annotations

PRELUDE = """\
import ctypes, fcntl, glob, json, os, resource, shutil, signal, socket, struct, subprocess, sys, tempfile, threading, time
libc = ctypes.CDLL(None, use_errno=True)

def read(path):
    with open(path, "rb") as stream:
        text = stream.read(1 << 16)
    if b"SECRET" in text or O["token"].encode() in text:
        found("read " + str(path))

def succeeds(number, *arguments):
    if libc.syscall(ctypes.c_long(number), *arguments) >= 0:
        found(f"system call {number} succeeds")

def each_process():
    return [path for path in glob.glob("/proc/[0-9]*") if path != f"/proc/{os.getpid()}"]
"""

READING = {
    "a file outside": "read(O['secret'])",
    "a key in the home folder": "read(O['home'] + '/.ssh/id_rsa')",
    "a key by ~": "read(os.path.expanduser('~/.ssh/id_rsa'))",
    "a folder outside": "os.listdir(O['outside']) and found('listed')",
    "the system's passwords": "open('/etc/shadow').read() and found('read')",
    "a masked file": "read('.env')",
    "a masked key deep in the project": "read('deep/er/server.pem')",
    "a masked file by os.open": "b'SECRET' in os.read(os.open('.env', os.O_RDONLY), 99) and found('read')",
    "a masked file by mmap": "import mmap; f = open('.env'); b'SECRET' in bytes(mmap.mmap(f.fileno(), 0, prot=1)) and found('read')",
    "a masked file by a link": "t = tempfile.mkdtemp(); os.symlink(os.path.abspath('.env'), t + '/x'); read(t + '/x')",
    "a masked file by a hard link": "t = tempfile.mkdtemp(); os.link('.env', t + '/x'); read(t + '/x')",
    "a masked file under a new name": "os.rename('.env', 'plain'); read('plain'); os.rename('plain', '.env')",
    "a masked file's folder under a new name": "os.rename('deep', 'flat'); read('flat/er/server.pem'); os.rename('flat', 'deep')",
    "a masked file by another's root": "for path in glob.glob('/proc/*/root') + glob.glob('/proc/*/cwd'):\n"
    "    for end in (os.path.abspath('.env'), '/.env'):\n"
    "        try: read(path + end)\n"
    "        except OSError: pass",
    "a masked file below the overlay": "for path in glob.glob('/run/**/.env', recursive=True, include_hidden=True)"
    " if sys.version_info >= (3, 11) else ['/run/heal/mnt/upper/.env']: read(path)",
    "a masked file by cat": "b'SECRET' in subprocess.run(['cat', '.env'], capture_output=True).stdout and found('read')",
    "a masked file of a shown folder": "read(os.path.dirname(O['shown']) + '/.env')",
    "a link of the project's": "read('leads_out/secret')",
    "up and away": "read('../' * 20 + O['secret'])",
    "by eval under another name": "e = eval; e('read(O[\"secret\"])')",
    "by map": "list(map(eval, ['read(O[\"secret\"])']))",
    "by a hidden import": "b = __builtins__; i = b['__import__'] if isinstance(b, dict) else b.__import__\n"
    "'SECRET' in i('os').popen('cat ' + O['secret'] + ' 2>&1').read() and found('read')",
    "by another module's modules": "import re; 'SECRET' in re.enum.sys.modules['os'].popen('cat ' + O['secret'] + ' 2>&1').read() and found('read')",
    "by split subclasses": "for each in getattr(object, '__subcl' + 'asses__')():\n"
    "    if each.__name__ == 'Popen' and b'SECRET' in each(['cat', O['secret']], stdout=-1, stderr=-3).communicate()[0]: found('read')",
    "a key in the environment": "O['token'] in str(dict(os.environ)) and found('set')",
    "another's environment": "for path in each_process():\n    try: read(path + '/environ')\n    except OSError: pass",
    "another's command line": "for path in each_process():\n    try: read(path + '/cmdline')\n    except OSError: pass",
    "another's memory": "open(f\"/proc/{O['victim']}/mem\", 'rb').fileno() and found('opened')",
    "another's memory by call": "b = ctypes.create_string_buffer(8); v = (ctypes.c_void_p * 2)(ctypes.addressof(b), 8)\n"
    "succeeds(310, ctypes.c_int(O['victim']), v, ctypes.c_ulong(1), v, ctypes.c_ulong(1), ctypes.c_ulong(0))",
    "another by ptrace": "succeeds(101, ctypes.c_long(16), ctypes.c_long(O['victim']), None, None)",
    "another's descriptors": "succeeds(438, ctypes.c_int(os.pidfd_open(O['victim'])), ctypes.c_int(1), ctypes.c_uint(0))",
    "a descriptor left open": "for each in range(3, 300):\n"
    "    try: path = os.readlink(f'/proc/self/fd/{each}')\n"
    "    except OSError: continue\n"
    "    path.startswith(O['outside']) and found(path)",
    "a file by its handle": "succeeds(304, ctypes.c_int(-100), ctypes.create_string_buffer(32), ctypes.c_int(0))",
    "the disk": "for path in glob.glob('/dev/[vsx]d*') + glob.glob('/dev/nvme*'):\n    open(path, 'rb'); found(path)",
    "the disk by a node of its own": "for number in os.stat('/dev/null').st_rdev, os.makedev(254, 0), os.makedev(8, 0):\n"
    "    path = tempfile.mktemp(); os.mknod(path, 0o60600, number); open(path, 'rb'); found(path)",
    "the kernel's messages": "succeeds(103, ctypes.c_int(3), ctypes.create_string_buffer(99), ctypes.c_int(99))",
    "what happens outside": "b = O['outside'].encode(); libc.inotify_add_watch(libc.inotify_init(), b, 0xFFF) >= 0 and found('watched')",
    "shared memory of the machine": "for path in glob.glob('/dev/shm/heal-attack*'): read(path)",
    "a segment of shared memory": "libc.shmat.restype = ctypes.c_long; libc.shmat(O['segment'], None, 0o10000) != -1 and found('attached')",
    "the keyring": "succeeds(250, ctypes.c_int(0), ctypes.c_int(-3), ctypes.c_int(1))",
}
WRITING = {
    "a file outside is changed": "open(O['secret'], 'a').write('x')",
    "a file outside is made": "open(O['outside'] + '/made', 'w')",
    "the system": "for path in ('/usr/made', '/etc/made', '/made', '/usr/lib/made', '/var/made', '/run/made', '/sys/made'):\n"
    "    try: open(path, 'w'); found(path)\n"
    "    except OSError: pass",
    "the interpreter's packages": "import pytest; open(os.path.dirname(pytest.__file__) + '/made.py', 'w'); found('made')",
    "shared memory": "open('/dev/shm/heal-attack-made', 'w').write('x')",
    "the project": "open('made', 'w').write('x'); open('calc.py', 'a').write('#'); os.remove('junk/one.txt')",
    "the project is removed": "shutil.rmtree('junk')",
    "a mode in the project": "os.chmod('data.txt', 0o777)",
    "a time in the project": "os.utime('data.txt', (1, 1))",
    "a shown file": "open(O['shown'], 'a').write('x')",
    "a shown file's mode": "os.chmod(O['shown'], 0o777)",
    "a shown file's mode by descriptor": "os.fchmod(os.open(O['shown'], os.O_RDONLY), 0o777)",
    "a shown file's mode by a new call": "libc.syscall(452, -100, O['shown'].encode(), 0o777, 0)",
    "a shown file's owner": "os.chown(O['shown'], 12345, 12345)",
    "a shown file's time": "os.utime(O['shown'], (1, 1))",
    "a shown file's time by descriptor": "os.utime(os.open(O['shown'], os.O_RDONLY), (1, 1))",
    "a shown file's attributes": "os.setxattr(O['shown'], 'user.heal', b'x')",
    "a shown file's flags": "fcntl.ioctl(os.open(O['shown'], os.O_RDONLY), 0x40086602, struct.pack('L', 0x80))",
    "a shown file is cut": "os.truncate(O['shown'], 0)",
    "a shown file is cut by opening": "os.open(O['shown'], os.O_RDONLY | os.O_TRUNC)",
    "a shown file is removed": "os.unlink(O['shown'])",
    "a shown file is moved": "os.rename(O['shown'], tempfile.mktemp())",
    "a shown file by a link": "path = tempfile.mktemp(); os.link(O['shown'], path); open(path, 'a').write('x')",
    "a shown file opened again": "d = os.open(O['shown'], os.O_RDONLY); os.open(f'/proc/self/fd/{d}', os.O_WRONLY | os.O_APPEND); found('opened')",
    "a shown file leased": "fcntl.fcntl(os.open(O['shown'], os.O_RDONLY), 1024, 1) or O['tier'] == 2 and found('leased')",
    "what the kernel is set to": "open('/proc/sys/kernel/core_pattern', 'w').write('|/bin/sh'); found('written')",
    "the name of the machine": "b = socket.gethostname().encode(); libc.sethostname(b, len(b)) == 0 and found('set')",
    "the terminal": "fcntl.ioctl(os.open('/dev/tty', os.O_RDWR), 0x5412, b'x'); found('typed')",
    "the standard streams": "for d in (0, 1, 2):\n    try: fcntl.ioctl(d, 0x5412, b'x'); found('typed')\n    except OSError: pass",
}
SIGNALLING = {
    "a signal": "os.kill(O['victim'], signal.SIGCONT)",
    "a signal to a group": "os.killpg(O['victim'], signal.SIGCONT)",
    "a signal to a thread": "libc.syscall(234, O['victim'], O['victim'], int(signal.SIGCONT))",
    "a signal with a value": "libc.sigqueue(O['victim'], int(signal.SIGCONT), None)",
    "a signal by a descriptor": "signal.pidfd_send_signal(os.pidfd_open(O['victim']), signal.SIGCONT)",
    "a signal by a file": "r, w = os.pipe(); fcntl.fcntl(r, 8, O['victim']); fcntl.fcntl(r, 10, int(signal.SIGCONT))\n"
    "fcntl.fcntl(r, 4, os.O_NONBLOCK | os.O_ASYNC); os.write(w, b'x')",
    "a limit": "resource.prlimit(O['victim'], resource.RLIMIT_NOFILE, (7, 7))",
    "a priority": "os.setpriority(os.PRIO_PROCESS, O['victim'], 15)",
    "a priority of all": "os.setpriority(os.PRIO_USER, 0, 15)",
    "a processor": "os.sched_setaffinity(O['victim'], [max(os.sched_getaffinity(0))])",
}
REACHING = {
    "a port": "s = socket.create_connection(('127.0.0.1', O['port']), 2); s.sendall(b'x'); found('connected')",
    "a port by datagrams": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', O['port']))",
    "a port by curl": "subprocess.run(['curl', '-s', '-m2', f\"http://127.0.0.1:{O['port']}\"]).returncode == 52 and found('connected')",
    "another machine": "socket.create_connection(('192.0.2.1', 80), 2); found('connected')",
    "a name": "socket.getaddrinfo('example.com', 80); found('resolved')",
    "a socket": "socket.socket(socket.AF_UNIX).connect(O['stream']); found('connected')",
    "a socket without a name": "socket.socket(socket.AF_UNIX).connect('\\0' + O['abstract']); found('connected')",
    "a socket by datagrams": "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', O['datagram']); found('sent')",
    "a pair of sockets turned elsewhere": "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b'x', O['datagram']); found('sent')",
    "a pair of streams turned elsewhere": "socket.socketpair()[0].connect(O['stream']); found('connected')",
    "raw packets": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); found('made')",
    "the link layer": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW); found('made')",
    "a queue of messages": "libc.mq_open(b'/heal-attack', 2) >= 0 and found('opened')",
}
BREAKING_OUT = {
    "a new namespace": "libc.unshare(0x10020000) == 0 and found('unshared')",
    "a namespace by clone": "pid = libc.syscall(56, 0x10000011, 0, 0, 0, 0)\nif pid == 0: os._exit(0)\nif pid > 0: found('cloned')",
    "another's namespace": "libc.setns(os.open('/proc/1/ns/mnt', os.O_RDONLY), 0) == 0 and found('entered')",
    "a mount": "libc.mount(b'/', tempfile.mkdtemp().encode(), None, 4096, None) == 0 and found('mounted')",
    "a file system": "libc.mount(b'proc', tempfile.mkdtemp().encode(), b'proc', 0, None) == 0 and found('mounted')",
    "the new mount calls": "for number in (428, 429, 430, 432, 442): libc.syscall(number, 0, 0, 0, 0, 0) >= 0 and found(str(number))",
    "an unmount": "libc.umount2(os.getcwd().encode(), 2) == 0 and found('unmounted')",
    "another root": "os.chroot(tempfile.mkdtemp()); found('changed')",
    "a turned root": "libc.syscall(155, b'/tmp', b'/tmp') == 0 and found('turned')",
    "a program of the kernel's": "libc.syscall(321, 0, ctypes.create_string_buffer(99), 99) >= 0 and found('loaded')",
    "a ring": "libc.syscall(425, 4, ctypes.create_string_buffer(256)) >= 0 and found('set up')",
    "counters": "libc.syscall(298, ctypes.create_string_buffer(128), 0, -1, -1, 0) >= 0 and found('opened')",
    "faults": "libc.syscall(323, 0) >= 0 and found('opened')",
    "the numbers of another interface": "libc.syscall(0x40000000 + 39) >= 0 and found('called')",
    "power": "libc.prctl(39, 0, 0, 0, 0) == 1 or found('new privileges can be had')\n"
    "h, d = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(); libc.capget(h, d); any(d) and found(str(list(d)))",
    "another user": "os.setuid(0 if os.getuid() else 12345); found('changed')",
    "a program with its owner's power": "subprocess.run(['su', '-c', 'id'], stdin=-3, capture_output=True, timeout=1).stdout and found('ran')",
    "a program in memory": "d = os.memfd_create('x'); os.write(d, b'#!/bin/cat ' + O['secret'].encode() + b'\\n')\n"
    "b'SECRET' in subprocess.run([f'/proc/self/fd/{d}'], pass_fds=[d], capture_output=True).stdout and found('read')",
    "a core dump": "resource.getrlimit(resource.RLIMIT_CORE) == (0, 0) or found('can be had')",
    "a higher limit": "resource.setrlimit(resource.RLIMIT_AS, (-1, -1)); found('raised')",
}
OUTLIVING = {
    "a daemon": "if os.fork() == 0:\n"
    "    try: os.setsid()\n"
    "    except OSError: pass\n"
    "    if os.fork() == 0: os.execlp('sleep', 'sleep', O['nap'])\n"
    "    os._exit(0)",
    "a daemon of another group": "if os.fork() == 0:\n"
    "    try: os.setpgid(0, 0)\n"
    "    except OSError: pass\n"
    "    for each in range(1, 65):\n"
    "        try: signal.signal(each, signal.SIG_IGN)\n"
    "        except (OSError, ValueError): pass\n"
    "    if os.fork() == 0: os.execlp('sleep', 'sleep', O['nap'])\n"
    "    os._exit(0)",
    "a program in a session of its own": "subprocess.Popen(['sleep', O['nap']], start_new_session=True)",
    "a program in the background": "os.system('nohup sleep ' + O['nap'] + ' >/dev/null 2>&1 &')",
}
ATTACKS = {
    f"{kind}: {name}": statements
    for kind, table in {
        "read": READING,
        "write": WRITING,
        "signal": SIGNALLING,
        "reach": REACHING,
        "break out": BREAKING_OUT,
        "outlive": OUTLIVING,
    }.items()
    for name, statements in table.items()
}

TESTS = '''\
import json, os, subprocess, sys, tempfile
import pytest

O = json.loads(OUTSIDE)
ATTACKS = json.loads(TABLE)
TRIED = """
def tried(statements):
    got = []
    space = {"O": O, "found": got.append}
    exec(PRELUDE, space)
    try:
        exec(statements, space)
    except Exception:
        pass
    return got
"""
exec(TRIED)
PROGRAM = "import json, sys\\nO, ATTACKS, PRELUDE = json.load(sys.stdin)\\n" + TRIED + """
print("GOT", json.dumps({name: tried(each) for name, each in ATTACKS.items()}), flush=True)
"""
AT_IMPORT = {name: tried(each) for name, each in ATTACKS.items()}


@pytest.fixture(scope="module")
def in_a_program():
    asked = json.dumps([O, ATTACKS, PRELUDE]).encode()
    with tempfile.TemporaryFile() as said:  # no pipe, whose end programs in the background would keep open
        subprocess.run([sys.executable, "-I", "-S", "-c", PROGRAM], input=asked, stdout=said, timeout=60)
        said.seek(0)
        [line] = [each for each in said.read().splitlines() if each.startswith(b"GOT ")]
    return json.loads(line[4:])


@pytest.mark.parametrize("name", ATTACKS)
def test_at_import(name):
    assert AT_IMPORT[name] == []


@pytest.mark.parametrize("name", ATTACKS)
def test_in_a_function(name):
    assert tried(ATTACKS[name]) == []


@pytest.mark.parametrize("name", ATTACKS)
def test_in_a_program(name, in_a_program):
    assert in_a_program[name] == []
'''


def test_file(outside: str, table: str) -> str:
    """The source of a test file that tries everything in every place, for what lies outside as JSON."""
    return f"OUTSIDE = {outside!r}\nTABLE = {table!r}\nPRELUDE = {PRELUDE!r}\n" + TESTS
