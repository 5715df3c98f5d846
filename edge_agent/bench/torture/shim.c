/* Preloaded into a process: makes its n-th file call fail, or kills the process just before or after it,
 * if wanted after a power cut of its file system (FS_IOC_SHUTDOWN without a flush of the log).
 *
 * Counted are the calls that change files: of Python, and of SQLite inside a commit. Nothing is counted
 * before `shim_arm`. Calls on pipes and sockets are never counted, nor what is outside the folder of `shim_only`. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* What to do at the n-th call; FAIL_ON fails every call from then on, SHORT writes half of it. */
enum { COUNT, KILL_BEFORE, KILL_AFTER, FAIL, CUT_BEFORE, CUT_AFTER, FAIL_ON, SHORT };
enum { SYNC = 1, WRITE = 2, RENAME = 4, OTHER = 8 };      /* kinds of calls that count */

static atomic_long calls;
static long at;
static int action, error_number, kinds, armed, hit, mount = -1;
static char only[PATH_MAX];

void shim_arm(long nth, int what, int error, int which) {
    at = nth; action = what; error_number = error; kinds = which; hit = 0;
    calls = 0; armed = 1;
}
/* The file system whose power is cut. */
int shim_power(const char *path) { mount = open(path, O_RDONLY | O_CLOEXEC); return mount >= 0; }
/* Only calls in this folder count. */
void shim_only(const char *folder) { snprintf(only, sizeof only, "%s", folder); }
void shim_disarm(void) { armed = 0; }
long shim_calls(void) { return calls; }
int shim_hit(void) { return hit; }

static int inside(const char *path) { return strncmp(path, only, strlen(only)) == 0; }
static int fd_inside(int fd) {
    char link[32], path[PATH_MAX];
    if (!armed || !*only) return 1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return inside(path);
}
static int is_regular(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && fd_inside(fd);
}
static int is_file(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) && fd_inside(fd);
}

static void die(void) {
    unsigned int no_log_flush = 2;
    if (action >= CUT_BEFORE && ioctl(mount, 0x8004587DUL, &no_log_flush) != 0) _exit(9);
    kill(getpid(), SIGKILL);
}

/* 0: go on; 1: kill after the call; -1: fail it. */
static int turn(int kind) {
    if (!armed || !(kinds & kind)) return 0;
    long count = atomic_fetch_add(&calls, 1) + 1;
    if (count < at || (count > at && action != FAIL_ON)) return 0;
    hit = 1;
    if (action == KILL_BEFORE || action == CUT_BEFORE) die();
    if (action == KILL_AFTER || action == CUT_AFTER) return 1;
    return action == FAIL || action == FAIL_ON ? -1 : 0;
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define CALL(kind, counted, ...) do { \
    int t = (counted) ? turn(kind) : 0; \
    if (t < 0) { errno = error_number; return -1; } \
    __typeof__(real(__VA_ARGS__)) result = real(__VA_ARGS__); \
    int kept = errno; \
    if (t > 0) die(); \
    errno = kept; \
    return result; \
} while (0)

int fsync(int fd) { REAL(fsync); CALL(SYNC, is_file(fd), fd); }
/* SQLite syncs directories with this one and by design does not look at the result; the store's own fsync
 * of the directory is the one that counts. */
int fdatasync(int fd) { REAL(fdatasync); CALL(SYNC, is_regular(fd), fd); }
ssize_t write(int fd, const void *p, size_t n) {
    REAL(write);
    if (armed && action == SHORT && n > 1 && calls + 1 == at && (kinds & WRITE) && is_file(fd)) n /= 2;
    CALL(WRITE, is_file(fd), fd, p, n);
}
ssize_t pwrite(int fd, const void *p, size_t n, off_t o) { REAL(pwrite); CALL(WRITE, is_file(fd), fd, p, n, o); }
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t o) { REAL(pwrite64); CALL(WRITE, is_file(fd), fd, p, n, o); }
int rename(const char *a, const char *b) { REAL(rename); CALL(RENAME, inside(a), a, b); }
int unlink(const char *a) { REAL(unlink); CALL(OTHER, inside(a), a); }
int rmdir(const char *a) { REAL(rmdir); CALL(OTHER, inside(a), a); }
int mkdir(const char *a, mode_t m) { REAL(mkdir); CALL(OTHER, inside(a), a, m); }
int ftruncate(int fd, off_t n) { REAL(ftruncate); CALL(OTHER, fd_inside(fd), fd, n); }
int ftruncate64(int fd, off64_t n) { REAL(ftruncate64); CALL(OTHER, fd_inside(fd), fd, n); }

/* Only opens that can make a file count. */
#define OPEN(name) int name(const char *path, int flags, ...) { \
    va_list list; va_start(list, flags); \
    mode_t mode = (flags & O_CREAT) ? va_arg(list, mode_t) : 0; va_end(list); \
    REAL(name); CALL(OTHER, (flags & O_CREAT) && inside(path), path, flags, mode); }
OPEN(open)
OPEN(open64)
