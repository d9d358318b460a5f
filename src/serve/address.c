#include "serve/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64 };

static struct sockaddr_in *v4_of(const struct mface_address *address)
{
    return (struct sockaddr_in *)&address->socket;
}

static struct sockaddr_in6 *v6_of(const struct mface_address *address)
{
    return (struct sockaddr_in6 *)&address->socket;
}

/* Cuts "name", "name:port", "[name]:port" or ":port" in two; *port is NULL without one. An IPv6
 * address needs no brackets where no port follows. */
static bool split(const char *text, char name[NAME_MAX_BYTES], const char **port)
{
    const char *colon = strrchr(text, ':'), *start = text, *end;
    *port = NULL;
    if (text[0] == '[') {
        end = strchr(text, ']');
        start = text + 1;
        if (!end || (end[1] != '\0' && end[1] != ':'))
            return false;
        *port = end[1] ? end + 2 : NULL;
    } else if (colon && strchr(text, ':') == colon) {
        end = colon;
        *port = colon + 1;
    } else {
        end = text + strlen(text);
    }
    if (end - start >= NAME_MAX_BYTES)
        return false;
    memcpy(name, start, (size_t)(end - start));
    name[end - start] = '\0';
    return true;
}

static bool read_port(const char *text, int *port)
{
    char *end;
    const long value = strtol(text, &end, 10);
    *port = (int)value;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && value <= 65535;
}

static bool read_name(const char *name, struct mface_address *address)
{
    const char *v4 = name[0] == '\0' || strcmp(name, "localhost") == 0 ? "127.0.0.1" : name;
    if (inet_pton(AF_INET, v4, &v4_of(address)->sin_addr) == 1) {
        address->socket.ss_family = AF_INET;
        address->socket_bytes = sizeof(struct sockaddr_in);
        address->is_loopback = ntohl(v4_of(address)->sin_addr.s_addr) >> 24 == 127;
        return true;
    }
    if (inet_pton(AF_INET6, name, &v6_of(address)->sin6_addr) != 1)
        return false;
    address->socket.ss_family = AF_INET6;
    address->socket_bytes = sizeof(struct sockaddr_in6);
    address->is_loopback = IN6_IS_ADDR_LOOPBACK(&v6_of(address)->sin6_addr);
    return true;
}

bool mface_address_parse(const char *text, struct mface_address *address)
{
    char name[NAME_MAX_BYTES];
    const char *port_text;
    int port = MFACE_DASHBOARD_PORT;
    memset(address, 0, sizeof *address);
    if (!split(text, name, &port_text) || (port_text && !read_port(port_text, &port)) ||
        !read_name(name, address))
        return false;
    mface_address_set_port(address, port);
    return true;
}

int mface_address_port(const struct mface_address *address)
{
    return ntohs(address->socket.ss_family == AF_INET ? v4_of(address)->sin_port
                                                      : v6_of(address)->sin6_port);
}

void mface_address_set_port(struct mface_address *address, int port)
{
    if (address->socket.ss_family == AF_INET)
        v4_of(address)->sin_port = htons((uint16_t)port);
    else
        v6_of(address)->sin6_port = htons((uint16_t)port);
}

void mface_address_print(const struct mface_address *address, char *text, unsigned text_bytes)
{
    char name[INET6_ADDRSTRLEN] = "";
    const bool is_v4 = address->socket.ss_family == AF_INET;
    const void *ip = is_v4 ? (void *)&v4_of(address)->sin_addr : (void *)&v6_of(address)->sin6_addr;
    inet_ntop(address->socket.ss_family, ip, name, sizeof name);
    snprintf(text, text_bytes, is_v4 ? "%s:%d" : "[%s]:%d", name, mface_address_port(address));
}
