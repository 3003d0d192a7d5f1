/*
 * Counts the instructions that each thread of a program executes under qemu-user: a TCG plugin.
 *
 *   cc -O2 -shared -fPIC -o instructions.so plugin.c
 *   qemu-aarch64 -plugin instructions.so,out=COUNTS -L /usr/aarch64-linux-gnu node --single-threaded program.mjs
 *
 * Whenever the program calls umask(), COUNTS is written anew: a line "NUMBER * NAME" for the thread that called, and
 * "NUMBER - NAME" for each other thread, NUMBER being all that it has executed so far. umask() because JavaScript
 * reaches it without an error or an allocation (process.umask), and because nothing calls it by chance.
 *
 * The names are those of the threads (pthread_setname_np). The few functions of QEMU's plugin API, version 1, that are
 * used are declared here, as Debian has no header of them (QEMU, include/qemu/qemu-plugin.h).
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef uint64_t plugin_id;
struct block;

extern void qemu_plugin_register_vcpu_exit_cb(plugin_id, void (*)(plugin_id, unsigned int));
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct block *));
extern size_t qemu_plugin_tb_n_insns(const struct block *);
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct block *, void (*)(unsigned int, void *), int flags, void *);
extern void qemu_plugin_register_vcpu_syscall_cb(plugin_id,
                                                 void (*)(plugin_id, unsigned int, int64_t, uint64_t, uint64_t,
                                                          uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                                          uint64_t));

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

/* umask's number on arm64. */
enum { UMASK = 166, MOST_THREADS = 1024, NAME = 32 };

/* A cache line for each thread: they count at the same time. */
static struct {
  volatile uint64_t count;
  volatile pid_t thread;
  char padding[48];
} threads[MOST_THREADS];

static char out[4096];

static void executed(unsigned int cpu, void *instructions) {
  if (cpu >= MOST_THREADS) return;
  /* Not when the processor begins: that is told on the thread that starts this one. */
  if (threads[cpu].thread == 0) threads[cpu].thread = (pid_t)syscall(SYS_gettid);
  threads[cpu].count += (uint64_t)(uintptr_t)instructions;
}

static void translated(plugin_id id, struct block *block) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_cb(block, executed, 0, (void *)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

/* The next thread may have its number. */
static void ended(plugin_id id, unsigned int cpu) {
  (void)id;
  if (cpu < MOST_THREADS) threads[cpu].thread = 0;
}

static void name_of(pid_t thread, char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/comm", (int)thread);
  FILE *file = fopen(path, "r");
  if (file == NULL || fgets(name, NAME, file) == NULL) strcpy(name, "ended");
  if (file != NULL) fclose(file);
  name[strcspn(name, "\n")] = '\0';
}

static void called(plugin_id id, unsigned int cpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                   uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
  (void)id, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
  if (number != UMASK) return;
  FILE *file = fopen(out, "w");
  if (file == NULL) return;
  for (unsigned int i = 0; i < MOST_THREADS; i++) {
    if (threads[i].thread == 0) continue;
    char name[NAME];
    name_of(threads[i].thread, name);
    fprintf(file, "%llu %c %s\n", (unsigned long long)threads[i].count, i == cpu ? '*' : '-', name);
  }
  fclose(file);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
  (void)info;
  for (int i = 0; i < argc; i++) {
    if (strncmp(argv[i], "out=", 4) == 0) snprintf(out, sizeof out, "%s", argv[i] + 4);
  }
  if (out[0] == '\0') {
    fprintf(stderr, "Expected -plugin instructions.so,out=FILE but received no file.\n");
    return 1;
  }
  qemu_plugin_register_vcpu_exit_cb(id, ended);
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_vcpu_syscall_cb(id, called);
  return 0;
}
