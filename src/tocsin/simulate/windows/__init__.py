"""The Windows shape: flat JSON as NXLog collects it from Sysmon, Security, System and PowerShell logs."""

from tocsin.simulate.windows.shape import WindowsShape

__all__ = ["WindowsShape"]
