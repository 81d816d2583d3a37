# SPDX-License-Identifier: MIT
# What `cmake --install` puts where: programs, the manager's units, a configuration to start from. Nothing in /etc is touched.
include(GNUInstallDirs)

set(PEAL_AT "@")
foreach(tier transport transaction proxy registrar agent node)
	set(PEAL_TIER ${tier})
	set(PEAL_CAPABILITIES "")
	if(tier MATCHES "transport|node")
		set(PEAL_CAPABILITIES CAP_NET_BIND_SERVICE)   # ports below 1024, e.g. wss on 443
	endif()
	configure_file(${CMAKE_SOURCE_DIR}/deploy/systemd/peal-tier@.service.in ${CMAKE_BINARY_DIR}/systemd/peal-${tier}@.service @ONLY)
	install(FILES ${CMAKE_BINARY_DIR}/systemd/peal-${tier}@.service DESTINATION lib/systemd/system COMPONENT units)
	if(TARGET peal-${tier})
		install(TARGETS peal-${tier} RUNTIME)
	endif()
endforeach()
if(TARGET peal)
	install(TARGETS peal RUNTIME)
endif()
install(FILES deploy/systemd/peal.target DESTINATION lib/systemd/system COMPONENT units)
install(FILES deploy/systemd/peal.sysusers DESTINATION lib/sysusers.d RENAME peal.conf COMPONENT units)
install(FILES deploy/config/peal.conf DESTINATION ${CMAKE_INSTALL_DATADIR}/peal COMPONENT units)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT units)
