/*
 * A disk that fails on demand, for the program under test: preloaded, it stands between the store's files and the
 * system. What the disk does is in the file that SUPPORT_CONSOLE_TEST_DISK names; nothing or no file: all is well.
 *   full         what would be written is refused with ENOSPC
 *   unflushable  what was written can't be flushed: EIO
 *   read_only    the file system was mounted anew, to be read only: EROFS
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int disk_is(const char *state) {
    char said[32] = "";
    const char *control = getenv("SUPPORT_CONSOLE_TEST_DISK");
    if (!control) return 0;
    long fd = syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    long length = syscall(SYS_read, fd, said, sizeof said - 1);
    syscall(SYS_close, fd);
    if (length < 0) return 0;
    said[length] = 0;
    return strcmp(said, state) == 0;
}

/* The store and what SQLite keeps beside it. */
static int is_store(const char *path) { return strstr(path, "/store.db") != NULL; }

static int is_stores(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_store(path);
}

static int refused_write(int fd) {
    int error = disk_is("full") ? ENOSPC : disk_is("read_only") ? EROFS : 0;
    if (!error || !is_stores(fd)) return 0;
    errno = error;
    return 1;
}

static int refused_flush(int fd) {
    if (!disk_is("unflushable") || !is_stores(fd)) return 0;
    errno = EIO;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t count) {
    return refused_write(fd) ? -1 : REAL(write)(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return refused_write(fd) ? -1 : REAL(pwrite)(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    return refused_write(fd) ? -1 : REAL(pwrite64)(fd, bytes, count, at);
}

int fsync(int fd) { return refused_flush(fd) ? -1 : REAL(fsync)(fd); }

int fdatasync(int fd) { return refused_flush(fd) ? -1 : REAL(fdatasync)(fd); }

static int refused_open(const char *path, int flags) {
    if ((flags & O_ACCMODE) == O_RDONLY || !is_store(path) || !disk_is("read_only")) return 0;
    errno = EROFS;
    return 1;
}

#define OPEN(name)                                                     \
    int name(const char *path, int flags, ...) {                       \
        va_list rest;                                                  \
        va_start(rest, flags);                                         \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;      \
        va_end(rest);                                                  \
        return refused_open(path, flags) ? -1 : REAL(name)(path, flags, mode); \
    }

OPEN(open)
OPEN(open64)
