/*
 * Stands in for NVIDIA's libnvidia-ml.so.1: answers from a script file, read anew at every call.
 * A line is `<device>.<what> <value>` or `<device>.<what> error <code>`; `init`, `count`, `driver` stand alone.
 * What the script does not name answers NOT_SUPPORTED, as a device that lacks the sensor does.
 * SCRIPT is the path of the script, fixed when the library is compiled.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { SUCCESS = 0, NOT_SUPPORTED = 3, DRIVER_NOT_LOADED = 9 };

typedef struct { int device; } Device;
static Device devices[16];

/* Looks `key` up; returns the code to answer and, on success, the text of the value. */
static int scripted(const char *key, char *value) {
    FILE *script = fopen(SCRIPT, "r");
    char line[256];
    int answer = NOT_SUPPORTED;
    if (script == NULL) return DRIVER_NOT_LOADED;
    while (fgets(line, sizeof line, script) != NULL) {
        size_t length = strlen(key);
        if (strncmp(line, key, length) != 0 || line[length] != ' ') continue;
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line + length, " error %d", &answer) == 1) break;
        strcpy(value, line + length + 1);
        answer = SUCCESS;
        break;
    }
    fclose(script);
    return answer;
}

static int number(Device *device, const char *what, unsigned long long *result) {
    char key[64], value[256];
    snprintf(key, sizeof key, "%d.%s", device->device, what);
    int code = scripted(key, value);
    if (code == SUCCESS) sscanf(value, "%llu", result);
    return code;
}

static int small(Device *device, const char *what, unsigned int *result) {
    unsigned long long value = 0;
    int code = number(device, what, &value);
    if (code == SUCCESS) *result = (unsigned int)value;
    return code;
}

int nvmlInit_v2(void) {
    char value[256];
    int code = scripted("init", value);
    return code == NOT_SUPPORTED ? SUCCESS : code;
}

int nvmlShutdown(void) { return SUCCESS; }

int nvmlSystemGetDriverVersion(char *version, unsigned int length) {
    char value[256];
    int code = scripted("driver", value);
    if (code == SUCCESS) snprintf(version, length, "%s", value);
    return code;
}

int nvmlDeviceGetCount_v2(unsigned int *count) {
    char value[256];
    int code = scripted("count", value);
    if (code == SUCCESS) sscanf(value, "%u", count);
    return code;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, Device **device) {
    devices[index].device = (int)index;
    *device = &devices[index];
    return SUCCESS;
}

int nvmlDeviceGetName(Device *device, char *name, unsigned int length) {
    char key[64], value[256];
    snprintf(key, sizeof key, "%d.name", device->device);
    int code = scripted(key, value);
    if (code == SUCCESS) snprintf(name, length, "%s", value);
    return code;
}

typedef struct { unsigned int gpu, memory; } Utilization;
int nvmlDeviceGetUtilizationRates(Device *device, Utilization *rates) {
    return small(device, "utilization", &rates->gpu);
}

typedef struct { unsigned long long total, free, used; } Memory;
int nvmlDeviceGetMemoryInfo(Device *device, Memory *memory) {
    int code = number(device, "memory.total", &memory->total);
    if (code != SUCCESS) return code;
    code = number(device, "memory.used", &memory->used);
    memory->free = memory->total - memory->used;
    return code;
}

int nvmlDeviceGetPowerUsage(Device *device, unsigned int *milliwatts) {
    return small(device, "power", milliwatts);
}

/* Clock 1 is the clock of the streaming multiprocessors. */
int nvmlDeviceGetClockInfo(Device *device, unsigned int clock, unsigned int *megahertz) {
    char what[32];
    snprintf(what, sizeof what, "clock%u", clock);
    return small(device, what, megahertz);
}

#ifndef WITHOUT_THROTTLE
int nvmlDeviceGetCurrentClocksThrottleReasons(Device *device, unsigned long long *reasons) {
    return number(device, "throttle", reasons);
}
#endif
